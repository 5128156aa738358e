"""Parsing from several threads."""

from __future__ import annotations

import ast
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from edgeroutes.routing.python_source import parse_python

# Deep and long enough that threads take turns while the tree is built.
SOURCE = "\n".join(
    f"def f{number}(a, b=[{{'c': (1, 2, [3, {{4: 5}}])}}]):\n    return [a for a in b if a]" for number in range(300)
)


def test_threads_parse_side_by_side() -> None:
    expected = ast.dump(ast.parse(SOURCE))
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            trees = [*threads.map(lambda _: parse_python(SOURCE, "a.py"), range(24))]
    finally:
        sys.setswitchinterval(interval)
    assert {ast.dump(tree) for tree in trees} == {expected}


def test_what_is_not_python_is_told() -> None:
    with pytest.raises(SyntaxError) as caught:
        parse_python("a b", "a.py")
    assert caught.value.filename == "a.py"
