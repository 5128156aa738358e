from __future__ import annotations

import ast

import pytest

from edgeroutes.routing.bindings import read_bindings
from edgeroutes.routing.handlers import Export, read_export


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def GET(): ...", (1, False, False, False)),
        ("async def GET(): ...", (1, True, False, False)),
        ("async def GET(): yield", (1, True, True, False)),
        ("async def GET(): await x\n\ndef other(): yield", (1, True, False, False)),
        ("def f(): yield from x\n\nGET = f", (3, False, True, False)),
        ("@timed\ndef GET(): ...", (2, False, False, True)),
        ("GET = lambda: 1", (1, False, False, False)),
        ("GET = partial(f, 1)", (1, None, None, False)),
        ("GET = module.handler", (1, None, None, False)),
        ("from x import GET", (1, None, None, False)),
        ("class GET: ...", (1, None, None, False)),
        ("def GET(): ...\nasync def GET(): ...", (2, True, False, False)),
    ],
)
def test_the_source_tells_of_a_handler(source: str, expected: tuple[int, bool | None, bool | None, bool]) -> None:
    line, is_async, is_generator, is_decorated = expected
    assert read_export("GET", read_bindings(ast.parse(source))) == Export(
        name="GET", line=line, is_async=is_async, is_generator=is_generator, is_decorated=is_decorated
    )


@pytest.mark.parametrize("source", ["", "GET = 1", "GET: int", "for GET in x: ...", "def get(): ...", "a.GET = f"])
def test_a_name_that_cannot_be_called_is_not_a_handler(source: str) -> None:
    assert read_export("GET", read_bindings(ast.parse(source))) is None
