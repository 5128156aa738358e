from __future__ import annotations

import ast

import pytest

from edgeroutes.errors import RouteFileError
from edgeroutes.http.cors import CORS
from edgeroutes.routing.bindings import read_bindings
from edgeroutes.routing.python_source import is_literal, read_constant

IMPORTS = "from edgeroutes import CORS, CORS as Origins\nimport edgeroutes\nfrom elsewhere import make\n"


def read(expression: str) -> object:
    bindings = read_bindings(ast.parse(f"{IMPORTS}value = {expression}\n"))
    binding = bindings.last("value")
    assert binding is not None
    return read_constant(binding, bindings, "route.py:4")


@pytest.mark.parametrize("text", ["1", "-1", "1.5", "'a'", "True", "None", "['a', 'b']", "('a',)", "{'a': [1]}"])
def test_a_literal_is_read(text: str) -> None:
    assert read(text) == ast.literal_eval(text)


@pytest.mark.parametrize("name", ["CORS", "Origins", "edgeroutes.CORS"])
def test_a_call_of_cors_is_read(name: str) -> None:
    assert read(f"{name}(origins=['https://a.example'], max_age=1)") == CORS(["https://a.example"], max_age=1)
    assert read(f"{name}('*')") == CORS("*")


def test_arguments_that_cors_does_not_accept_are_named() -> None:
    with pytest.raises(RouteFileError) as raised:
        read("CORS('*', max_age=-1)")
    assert str(raised.value) == "route.py:4: value: max_age is -1. Allowed are whole seconds from 0."


@pytest.mark.parametrize(
    "text",
    [
        "60 * 10",
        "x",
        "f'{x}'",
        "make()",
        "CORS(x)",
        "CORS(edgeroutes.Other(1))",
        "edgeroutes.Other()",
        "CORS(*[1])",
        "CORS(**{'a': 1})",
        "a if b else c",
        "x().y()",
        "[x]",
    ],
)
def test_what_would_have_to_be_run_is_not_read(text: str) -> None:
    with pytest.raises(RouteFileError, match="It must be readable without running the file"):
        read(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'x'", True),
        ("None", True),
        ("[x]", True),
        ("f'{x}'", True),
        ("x", False),
        ("f()", False),
        ("lambda: 1", False),
    ],
)
def test_literals_and_calls_are_distinguished(text: str, expected: bool) -> None:
    assert is_literal(ast.parse(text, mode="eval").body) is expected


def test_none_is_not_a_literal() -> None:
    assert is_literal(None) is False
