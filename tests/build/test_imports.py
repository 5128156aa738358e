"""What one source imports: every form, every guard, and what is not an import."""

from __future__ import annotations

import ast
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeroutes.build.imports import (
    Arguments,
    FileImports,
    ImportKind,
    ImportSite,
    UnknownImport,
    parse_imports,
    read_arguments,
)
from edgeroutes.build.sources import decode_imports, encode_imports
from edgeroutes.build.syntax import LazyExport
from edgeroutes.errors import ImportRaisedError
from edgeroutes.routing.conventions import METHODS
from edgeroutes.runtime.binding import bind

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"


def kinds(source: str) -> dict[str, str]:
    """Each module as written, with the kind of its import."""
    return {site.written: str(site.kind) for site in parse_imports(source, where="route.py").sites}


def test_every_form_of_a_statement_is_read_with_its_line() -> None:
    source = "import a.b, c as d\nfrom . import e\nfrom ..f import g as h, i\nfrom j import *\n"

    assert parse_imports(source, where="route.py") == FileImports(
        sites=(
            ImportSite(module="a.b", binds=("a",), line=1),
            ImportSite(module="c", binds=("d",), line=1),
            ImportSite(module="", level=1, names=("e",), binds=("e",), line=2),
            ImportSite(module="f", level=2, names=("g", "i"), binds=("h", "i"), line=3),
            ImportSite(module="j", names=("*",), binds=("*",), line=4),
        )
    )


def test_an_import_in_a_function_is_distinguished_and_one_in_a_class_body_is_not() -> None:
    source = """
class A:
    import in_class
    def method(self):
        import in_method
        for _ in ():
            while True:
                with open(""):
                    match 1:
                        case 1: import deep
        else:
            import in_else
async def f():
    import in_coroutine
    class B:
        import in_inner_class
"""

    assert kinds(source) == {
        "in_class": "module-level",
        "in_method": "function-level",
        "deep": "function-level",
        "in_else": "function-level",
        "in_coroutine": "function-level",
        "in_inner_class": "function-level",
    }


@pytest.mark.parametrize(
    ("condition", "body", "orelse"),
    [
        ("TYPE_CHECKING", "type-checking", "module-level"),
        ("typing.TYPE_CHECKING", "type-checking", "module-level"),
        ("t.TYPE_CHECKING and x", "type-checking", "module-level"),
        ("MYPY", "type-checking", "module-level"),
        ("False", "type-checking", "module-level"),
        ("not TYPE_CHECKING", "module-level", "type-checking"),
        ("TYPE_CHECKING or x", "module-level", "module-level"),
        ("__name__ == '__main__'", "script", "module-level"),
        ("'__main__' == __name__", "script", "module-level"),
        ("__name__ != '__main__'", "module-level", "module-level"),
        ("sys.version_info >= (3, 12)", "optional", "optional"),
        ("sys.platform == 'win32'", "optional", "optional"),
        ("find_spec('x') is not None", "optional", "optional"),
        ("debug", "module-level", "module-level"),
    ],
)
def test_a_guard_decides_the_kind_of_both_branches(condition: str, body: str, orelse: str) -> None:
    assert kinds(f"if {condition}:\n    import a\nelse:\n    import b\n") == {"a": body, "b": orelse}


@pytest.mark.parametrize(
    ("caught", "kind"),
    [
        ("ImportError", "optional"),
        ("ModuleNotFoundError as err", "optional"),
        ("(KeyError, builtins.ImportError)", "optional"),
        ("Exception", "optional"),
        ("", "optional"),
        ("ValueError", "module-level"),
    ],
)
def test_a_try_is_optional_only_where_it_catches_import_errors(caught: str, kind: str) -> None:
    source = f"try:\n    import a\nexcept {caught}:\n    import b\nelse:\n    import c\nfinally:\n    import d\n"

    assert kinds(source) == {"a": kind, "b": kind, "c": kind, "d": "module-level"}


def test_a_handler_for_another_error_is_ordinary() -> None:
    source = "try:\n    import a\nexcept ValueError:\n    import b\nexcept ImportError:\n    import c\n"

    assert kinds(source) == {"a": "optional", "b": "module-level", "c": "optional"}


def test_the_stronger_of_two_guards_counts() -> None:
    source = "try:\n    if TYPE_CHECKING:\n        import a\n    def f():\n        import b\nexcept ImportError: ...\n"

    assert kinds(source) == {"a": "type-checking", "b": "optional"}


def test_dynamic_imports_of_literals_are_sites_and_others_are_unknown() -> None:
    source = """
import importlib as il
from importlib import import_module as load
il.import_module("a.b")
def f(name):
    load(".c", __package__)
    load("..d", package=f"{x}")
    load("..e", "p.q.r")
    load("....f", "p.q")
    load(".g")
    load(f"{__name__}.h")
    load(__spec__.parent + ".i")
    load(name)
    __import__("j", fromlist=["k"])
    other.import_module("no")
    importlib.util.find_spec("no")
    if TYPE_CHECKING:
        load(name)
"""

    found = parse_imports(source, where="route.py")

    assert [(site.written, site.names, site.line, site.in_function) for site in found.sites[2:]] == [
        ("a.b", (), 4, False),
        (".c", (), 6, True),
        ("p.q.e", (), 8, True),
        (".h", (), 11, True),
        (".i", (), 12, True),
        ("j", ("k",), 14, True),
    ]
    assert {site.kind for site in found.sites[2:]} == {ImportKind.DYNAMIC}
    assert found.unknown == (
        UnknownImport(line=7, text="load('..d', package=f'{x}')"),
        UnknownImport(line=9, text="load('....f', 'p.q')"),
        UnknownImport(line=10, text="load('.g')"),
        UnknownImport(line=13, text="load(name)"),
    )


def test_a_function_of_the_same_name_that_is_not_importlibs_does_not_import() -> None:
    source = "def import_module(name): ...\nimport_module('a')\nself.import_module('b')\n'import c'\n# import d\n"

    assert parse_imports(source, where="route.py") == FileImports()


def test_a_facade_tells_the_modules_behind_its_names() -> None:
    source = """
from importlib import import_module
_EXPORTS = {"Request": "http.request", "bad key": "x", "Bad": "not a module", **more}
_dynamic: dict = {"Model": (__spec__.parent, ".main"), "Core": ("core", ".schema"), "Client": ("p.c", "Client")}
if not TYPE_CHECKING:
    def __getattr__(name):
        inner = {"Late": ".late"}
        return getattr(import_module(_EXPORTS[name]), name)
import_module(elsewhere)
"""

    found = parse_imports(source, where="__init__.py")

    assert (found.lazy, found.unknown) == (
        (
            LazyExport(name="Request", modules=("http.request",), line=3),
            LazyExport(name="Model", modules=(".main",), line=4),
            LazyExport(name="Core", modules=("core.schema",), line=4),
            LazyExport(name="Client", modules=("p.c", "Client"), line=4),
            LazyExport(name="Late", modules=(".late",), line=7),
        ),
        (UnknownImport(line=9, text="import_module(elsewhere)"),),
    )


@pytest.mark.parametrize(
    "source", ["_EXPORTS = {'a': 'b'}", "_EXPORTS = {'a': 'b'}\nclass A:\n    def __getattr__(self, name): ..."]
)
def test_a_dict_without_a_module_getattr_is_not_a_facade(source: str) -> None:
    assert parse_imports(source, where="a.py") == FileImports()


@pytest.mark.parametrize(
    ("source", "asks"),
    [
        ("import asyncio\nasyncio.iscoroutinefunction(f)", ("iscoroutinefunction",)),
        ("import asyncio.coroutines\nasyncio.coroutines._is_coroutine", ("coroutines",)),
        ("import asyncio as aio\naio.sleep(1)\naio.tasks.Task", ("sleep", "tasks")),
        ("import asyncio\nrun(asyncio)\nasyncio.sleep", None),
        ("import asyncio", None),
        ("from asyncio import sleep", None),
    ],
)
def test_names_read_from_asyncio_count_unless_it_is_passed_on(source: str, asks: tuple[str, ...] | None) -> None:
    assert parse_imports(source, where="a.py").sites[0].asks == asks


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1\nimport = 2\n", f"functions/route.py:2: this is not Python {PYTHON}: invalid syntax ('import = 2')."),
        ("a = '\0'", f"this is not Python {PYTHON}: source code"),
        (b"# coding: latin-1\n\xff = 1\nimport", "functions/route.py:3: this is not Python"),
        (b"\xff\xfe", "this is not Python"),
        ("(" * 300, "this is not Python"),
        ("-" * 100_000 + "1", "this is not Python"),
    ],
)
def test_what_is_not_python_is_an_error_that_names_file_and_line(source: str | bytes, message: str) -> None:
    with pytest.raises(ImportRaisedError) as raised:
        parse_imports(source, where="functions/route.py")

    assert message in str(raised.value)
    assert raised.value.where.startswith("functions/route.py")


def test_a_warning_in_the_source_is_left_to_python() -> None:
    assert kinds("import a\nx = '\\d' is 1\n") == {"a": "module-level"}


sites = st.builds(
    ImportSite,
    module=st.text(),
    level=st.integers(0, 5),
    names=st.lists(st.text()).map(tuple),
    binds=st.lists(st.text()).map(tuple),
    line=st.integers(1),
    kind=st.sampled_from(ImportKind),
    in_function=st.booleans(),
    asks=st.none() | st.lists(st.text()).map(tuple),
)
files = st.builds(
    FileImports,
    sites=st.lists(sites).map(tuple),
    unknown=st.lists(st.builds(UnknownImport, line=st.integers(1), text=st.text())).map(tuple),
    lazy=st.lists(
        st.builds(LazyExport, name=st.text(), modules=st.lists(st.text()).map(tuple), line=st.integers(1))
    ).map(tuple),
    exports=st.lists(st.text()).map(tuple),
)


@given(files)
def test_what_the_cache_stores_comes_back_as_it_was(imports: FileImports) -> None:
    assert decode_imports(json.loads(json.dumps(encode_imports(imports)))) == imports


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
