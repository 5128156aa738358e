from __future__ import annotations

import ast

import pytest

from edgeroutes.routing.bindings import read_bindings


def bound(source: str) -> list[tuple[str, str, bool]]:
    return [(b.name, b.kind, b.is_conditional) for b in read_bindings(ast.parse(source)).every]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(): pass", [("f", "function", False)]),
        ("async def f(): pass", [("f", "function", False)]),
        ("class C: x = 1", [("C", "class", False)]),
        ("a = 1", [("a", "value", False)]),
        ("a = b = 1", [("a", "value", False), ("b", "value", False)]),
        ("a: int = 1", [("a", "value", False)]),
        ("a: int", []),
        ("a, (b, *c) = f()", [("a", "other", False), ("b", "other", False), ("c", "other", False)]),
        ("a, b = 1, 2", [("a", "value", False), ("b", "value", False)]),
        ("a.b = 1; c['d'] = 2", []),
        ("a += 1", [("a", "other", False)]),
        ("import a.b, c as d", [("a", "import", False), ("d", "import", False)]),
        ("from .x import y as z", [("z", "import", False)]),
        ("from x import *", [("*", "import", False)]),
        ("for a in b: c = 1\nelse: d = 1", [("a", "other", False), ("c", "value", True), ("d", "value", True)]),
        ("while a: b = 1", [("b", "value", True)]),
        ("with a as b: c = 1", [("c", "value", True)]),
        ("match a:\n case 1: b = 1\n case _: b = 2", [("b", "value", True), ("b", "value", True)]),
        ("if a: b = 1\nelif c: d = 2", [("d", "value", True), ("b", "value", True)]),
        ("try: a = 1\nexcept E: b = 1\nelse: c = 1\nfinally: d = 1", [(n, "value", True) for n in "bacd"]),
        ("if TYPE_CHECKING: from x import GET", []),
        ("if typing.TYPE_CHECKING: from x import GET\nelse: GET = 1", [("GET", "value", True)]),
        ("if not TYPE_CHECKING: GET = f", [("GET", "value", True)]),
        ("if __name__ == '__main__': GET = f", []),
        ("def f():\n def GET(): pass", [("f", "function", False)]),
    ],
)
def test_a_statement_binds(source: str, expected: list[tuple[str, str, bool]]) -> None:
    assert bound(source) == expected


def test_a_function_is_found_through_other_names() -> None:
    bindings = read_bindings(ast.parse("def f(): pass\nGET = POST = f\nPUT = GET"))
    put = bindings.last("PUT")
    assert put is not None
    assert bindings.function_of(put) is bindings.every[0].node


@pytest.mark.parametrize(
    "source", ["GET = make()", "GET = other.get", "from x import GET", "GET = GET", "a = b; GET = b"]
)
def test_a_function_that_is_elsewhere_is_not_found(source: str) -> None:
    bindings = read_bindings(ast.parse(source))
    get = bindings.last("GET")
    assert get is not None
    assert bindings.function_of(get) is None


@pytest.mark.parametrize(
    ("imports", "expression", "dotted"),
    [
        ("from edgeroutes import Response", "Response.sse", "edgeroutes.Response.sse"),
        ("from edgeroutes import Response as R", "R.sse", "edgeroutes.Response.sse"),
        ("import edgeroutes", "edgeroutes.Response", "edgeroutes.Response"),
        ("import edgeroutes.http.cors as c", "c.CORS", "edgeroutes.http.cors.CORS"),
        ("def f():\n from edgeroutes import CORS as C", "C", "edgeroutes.CORS"),
        ("from . import x", "x.y", "..x.y"),
        ("", "x.y", "x.y"),
        ("", "x().y", None),
        ("", "1", None),
    ],
)
def test_imports_tell_what_a_name_stands_for(imports: str, expression: str, dotted: str | None) -> None:
    bindings = read_bindings(ast.parse(imports))
    assert bindings.dotted_name(ast.parse(expression, mode="eval").body) == dotted


def test_names_that_are_read_are_used() -> None:
    assert read_bindings(ast.parse("a = 1\nb = 2\ndef f(): return b")).used == {"b"}
