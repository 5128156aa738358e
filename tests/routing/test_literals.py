from __future__ import annotations

import ast

import pytest

from edgeroutes.routing.bindings import read_bindings
from edgeroutes.routing.literals import ValueCall, is_literal, read_value

IMPORTS = "from edgeroutes import CORS, CORS as Origins\nimport edgeroutes\nfrom elsewhere import make\n"


def read(expression: str) -> object:
    return read_value(ast.parse(expression, mode="eval").body, read_bindings(ast.parse(IMPORTS)))


@pytest.mark.parametrize("text", ["1", "-1", "1.5", "'a'", "True", "None", "['a', 'b']", "('a',)", "{'a': [1]}"])
def test_a_literal_is_read(text: str) -> None:
    assert read(text) == ast.literal_eval(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CORS()", ValueCall(name="CORS", args=(), kwargs={}, line=1)),
        (
            "CORS(origins=['https://a'], max_age=-1)",
            ValueCall(name="CORS", args=(), kwargs={"origins": ["https://a"], "max_age": -1}, line=1),
        ),
        ("Origins('*')", ValueCall(name="CORS", args=("*",), kwargs={}, line=1)),
        ("edgeroutes.CORS()", ValueCall(name="CORS", args=(), kwargs={}, line=1)),
        (
            "CORS(edgeroutes.http.cors.Rule(1))",
            ValueCall(name="CORS", args=(ValueCall(name="Rule", args=(1,), kwargs={}, line=1),), kwargs={}, line=1),
        ),
    ],
)
def test_a_call_of_an_own_value_class_is_read(text: str, expected: ValueCall) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "60 * 10",
        "x",
        "f'{x}'",
        "make()",
        "CORS(x)",
        "CORS(*[1])",
        "CORS(**{'a': 1})",
        "a if b else c",
        "x().y()",
        "[x]",
    ],
)
def test_what_would_have_to_be_run_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
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
