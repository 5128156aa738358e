"""What handlers take, as far as it decides which readers of edgeroutes a function needs."""

from __future__ import annotations

import ast
import sys

import pytest

from edgeroutes.build.imports import Arguments, parse_imports, read_arguments
from edgeroutes.routing.conventions import METHODS
from edgeroutes.runtime.binding import bind

PLAIN, SCALARS, ANY = Arguments
CASES = {
    "def GET():\n    return {}": PLAIN,
    "def GET(request, context, id, params): ...": PLAIN,
    "from edgeroutes import Request\nasync def POST(request: Request): ...": PLAIN,
    "def GET(id: str, q: str = 'x', more: str = None): ...": PLAIN,
    "app = 1\ndef helper(x: Model): ...": PLAIN,
    "def GET(id: int): ...": SCALARS,
    "def GET(page=1): ...": SCALARS,
    "def GET(): ...\ndef PUT(id: bool): ...": SCALARS,
    "def POST(user: User): ...": ANY,
    "def GET(q: str | None = None): ...": PLAIN,
    "def GET(q: int | None): ...": SCALARS,
    "def GET(q: Model | None): ...": ANY,
    "def GET(q: list[str]): ...": ANY,
    "def GET(id: int, *, user: User): ...": ANY,
    "def GET(day=date.today()): ...": ANY,
    "def GET(rate=1.5): ...": ANY,
    "def GET(*args): ...": ANY,
    "@cached\ndef GET(): ...": ANY,
    "def GET(): ...\nGET = wrap(GET)": ANY,
    "from lib import GET": ANY,
    "from lib import handler as GET": ANY,
    "from lib import *\ndef GET(): ...": ANY,
    "class GET: ...": ANY,
    "from lib.models import Request\ndef POST(body: Request): ...": ANY,
    "from starlette.requests import Request\ndef POST(request: Request): ...": ANY,
    "from lib import str\ndef GET(id: str): ...": ANY,
    "int = Model\ndef GET(id: int): ...": ANY,
    "from edgeroutes import Request\nclass Request: ...\ndef GET(r: Request): ...": ANY,
    "if DEBUG:\n    GET, PUT = make()\nelse:\n    def GET(): ...": ANY,
}


@pytest.mark.parametrize(("source", "arguments"), CASES.items(), ids=CASES)
def test_arguments_are_read_from_the_source_or_may_be_anything(source: str, arguments: Arguments) -> None:
    assert read_arguments(ast.parse(source), parse_imports(source, where="route.py").sites) is arguments


LEFT_OUT = {PLAIN: ("bodies", "conversion", "defaults"), SCALARS: ("bodies",)}
BINDINGS = [
    *((source, {"id": str}) for source, needs in CASES.items() if needs is not ANY),
    ("def GET(id, q: str = 'x'): ...", {"id": list}),
    ("def GET(id=None): ...", {"id": list}),
    ("def GET(request, id, page: int = 1): ...", {"id": list}),
]


@pytest.mark.parametrize(("source", "segments"), BINDINGS)
def test_handlers_are_bound_without_the_readers_that_a_bundle_lacks(
    source: str, segments: dict[str, type], monkeypatch: pytest.MonkeyPatch
) -> None:
    needs = read_arguments(ast.parse(source), parse_imports(source, where="route.py").sites)
    for name in LEFT_OUT[needs]:
        monkeypatch.setitem(sys.modules, f"edgeroutes.runtime.{name}", None)
    namespace: dict[str, object] = {}
    exec(source, namespace)
    for method in set(METHODS) & namespace.keys():
        bind(namespace[method], segments, method)  # type: ignore[arg-type]
