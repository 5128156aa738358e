"""Parsing from several threads."""

from __future__ import annotations

import ast
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from edgeroutes.routing.python_source import parse_python, shared_trees

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


def test_a_syntax_error_is_reported() -> None:
    with pytest.raises(SyntaxError) as caught:
        parse_python("a b", "a.py")
    assert caught.value.filename == "a.py"


def test_readers_share_one_tree_of_a_source_until_the_block_ends() -> None:
    with shared_trees():
        tree = parse_python("a = 1", "a.py")
        with shared_trees():
            assert parse_python(b"a = 1") is tree
        assert parse_python("a = 1") is tree
        assert parse_python("a = 2") is not tree
    assert parse_python("a = 1") is not tree


def test_sources_of_more_than_four_megabytes_are_not_all_shared() -> None:
    large = "a = 1\n" + "#" * 3_000_000
    with shared_trees():
        tree, other = parse_python(large), parse_python(large + "#")
        assert parse_python(large) is tree
        assert parse_python(large + "#") is not other
