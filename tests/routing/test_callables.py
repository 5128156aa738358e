"""Decorated handlers, classes, instances and partial objects: a scan reports what a load reports, in the same words."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from edgeroutes.routing.scan import scan
from tests.fakes.file_tree import FakeFileTree
from tests.fakes.project import RouteProject

if TYPE_CHECKING:
    from pathlib import Path

IMPORTS = """\
import functools
from dataclasses import KW_ONLY, InitVar, dataclass, field
from functools import lru_cache, partial, wraps
from typing import Annotated, ClassVar
from edgeroutes import Body, Depends, Query, cached
"""
DECORATORS = """\
def logged(function):
    @wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)
    return wrapper
def named(name):
    def decorate(function):
        @functools.wraps(function)
        async def wrapper(**kwargs):
            return await function(**kwargs)
        return wrapper
    return decorate
def bare(function):
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)
    return wrapper
def registered(function):
    return function
def narrow(function):
    @wraps(function)
    def wrapper(id):
        return function(id)
    return wrapper
def greedy(function):
    @wraps(function)
    def wrapper(session, **kwargs):
        return function(**kwargs)
    return wrapper
def own(function):
    def wrapper(limit: int = 1):
        return function(limit)
    return wrapper
"""
BARE = "is not a captured segment and has neither annotation nor default"
GET = "def GET(value: Annotated[object, Depends({})]): return 1\n"
FAULTS = {
    "behind wraps": ("@logged\ndef GET(limit): return 1\n", BARE),
    "behind a decorator with arguments": ("@named('x')\nasync def GET(limit): return 1\n", BARE),
    "behind several": ("@logged\n@registered\n@named('x')\nasync def GET(limit): return 1\n", BARE),
    "behind a cache": ("@lru_cache\ndef GET(limit): return 1\n", BARE),
    "behind cached": ("@cached(revalidate=1)\ndef GET(limit): return 1\n", BARE),
    "a wrapper without wraps": ("@bare\ndef GET(id): return 1\n", "takes *args, which nothing in a request can fill"),
    "a wrapper that takes less": (
        "@narrow\ndef GET(id, page: int = 1): return 1\n",
        "its decorator's wrapper does not take the argument 'page'. Give the wrapper **kwargs, and pass them on",
    ),
    "a wrapper that takes more": (
        "@greedy\ndef GET(id): return 1\n",
        "its decorator's wrapper requires the argument 'session', which the signature does not report",
    ),
    "applied by hand": ("def handler(limit): return 1\nGET = logged(handler)\n", BARE),
    "a type behind wraps": ("@logged\ndef GET(limit: bytes): return 1\n", "bytes is not a supported parameter type"),
    "two bodies behind wraps": ("@logged\ndef POST(a: dict, b: dict): return 1\n", "cannot be a and b at once"),
    "by position": ("def GET(id, /): return 1\n", "a handler's arguments are given by name"),
    "a class": (f"class Page:\n    def __init__(self, limit): ...\n{GET.format('Page')}", BARE),
    "a class that is annotated": (
        "class Page:\n    def __init__(self, limit): ...\ndef GET(page: Annotated[Page, Depends()]): return 1\n",
        BARE,
    ),
    "an inherited __init__": (
        f"class Base:\n    def __init__(self, limit): ...\nclass Page(Base): ...\n{GET.format('Page')}",
        BARE,
    ),
    "a dataclass": (
        f"@dataclass\nclass Page:\n    limit: bytes\n{GET.format('Page')}",
        "bytes is not a supported parameter type",
    ),
    "a dataclass that is annotated": (
        "@dataclass(kw_only=True)\nclass Page:\n    id: int\n    limit: bytes\ndef GET(p: Annotated[Page, Depends()]): return 1\n",
        "bytes is not a supported parameter type",
    ),
    "an instance": (
        f"class Check:\n    def __call__(self, limit): ...\ncheck = Check()\n{GET.format('check')}",
        BARE,
    ),
    "an instance in place": (
        f"class Check:\n    def __call__(self, limit): ...\n{GET.format('Check()')}",
        BARE,
    ),
    "a method": (f"class Users:\n    def find(self, limit): ...\nusers = Users()\n{GET.format('users.find')}", BARE),
    "a static method": (
        f"class Users:\n    @staticmethod\n    def find(limit): ...\n{GET.format('Users.find')}",
        BARE,
    ),
    "a class method": (
        f"class Users:\n    @classmethod\n    def find(cls, limit): ...\n{GET.format('Users.find')}",
        BARE,
    ),
    "a partial object": (f"def page(size, limit): ...\n{GET.format('partial(page, size=1)')}", BARE),
    "a decorated dependency": (f"@logged\ndef page(limit): ...\n{GET.format('page')}", BARE),
    "a cycle through a class": (
        f"""\
def page(value: 'Annotated[object, Depends(Page)]'): ...
class Page:
    def __init__(self, value: Annotated[object, Depends(page)]): ...
{GET.format("Page")}""",
        "the dependencies are a cycle: Page → page → Page. Move the part that both need into a third function",
    ),
}
SILENT = {
    "a signature of its own": "import inspect\ndef signed(function):\n    def wrapper(**kwargs): ...\n"
    "    wrapper.__signature__ = inspect.Signature()\n    return wrapper\n@signed\ndef GET(limit): return 1\n",
    "update_wrapper": "def updated(function):\n    def wrapper(**kwargs): return 1\n    functools.update_wrapper(wrapper, function)\n"
    "    return wrapper\n@updated\ndef GET(id): return 1\n",
    "a decorator that decides": "def chosen(function):\n    if True:\n        def wrapper(): return 1\n        return wrapper\n"
    "    return function\n"
    "@chosen\ndef GET(limit): return 1\n",
    "a wrapper with its own arguments": "@own\ndef GET(anything): return 1\n",
    "a given argument": f"def page(size, limit: int = 1): ...\n{GET.format('partial(page, size=1)')}",
    "fields that are not given": "@dataclass\nclass Page:\n    kind: ClassVar[bytes]\n    made: bytes = field(init=False, default=b'')\n"
    f"    _: KW_ONLY\n    id: int\n    tags: Annotated[list[str], Query()] = field(default_factory=list)\n{GET.format('Page')}",
    "a class without arguments": f"class Clock: ...\n{GET.format('Clock')}",
    "a captured segment": f"class Page:\n    def __init__(self, id, request): ...\n{GET.format('Page')}",
    "a body for both": "def check(b: dict): ...\ndef POST(a: dict, c: Annotated[object, Depends(check)]): return 1\n",
}


def found_by_scan(source: str) -> list[str]:
    files = {"functions/x/[id]/route.py": IMPORTS + DECORATORS + source}
    return [str(problem) for problem in scan(FakeFileTree(files)).problems]


@pytest.mark.parametrize(("source", "problem"), FAULTS.values(), ids=FAULTS)
def test_a_scan_reports_what_a_load_reports(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], source: str, problem: str
) -> None:
    (found,) = found_by_scan(source)
    assert problem in found
    assert re.match(r"functions/x/\[id\]/route\.py:\d+: ", found)

    routes = RouteProject(tmp_path / "loaded", {"x/[id]/route.py": IMPORTS + DECORATORS + source})
    assert routes.request("POST" if "def POST" in source else "GET", "/x/1").status == 500
    routes.close()
    line = json.loads(capsys.readouterr().out)
    assert line["exception_name"] == "RouteFileError"
    assert problem in line["exception"]
    hint = found.partition(problem)[2].partition(". ")[2].removesuffix(".")
    assert hint in line["exception"]


@pytest.mark.parametrize("source", SILENT.values(), ids=SILENT)
def test_a_scan_is_silent_where_source_shows_nothing_wrong(source: str) -> None:
    assert found_by_scan(source) == []


def test_decorators_and_handlers_in_other_files_are_followed() -> None:
    files = {
        "functions/x/route.py": "from lib.deco import logged\nfrom lib.handlers import GET\n@logged\ndef POST(limit): ...\n",
        "lib/deco.py": f"from functools import wraps\nimport functools\n{DECORATORS}",
        "lib/handlers.py": "from edgeroutes import Depends\n\ndef page(size): ...\ndef GET(limit, page=Depends(page)): ...\n",
    }
    found = [str(problem).partition(". ")[0] for problem in scan(FakeFileTree(files)).problems]
    assert found == [
        f"lib/handlers.py:3: argument 'size' of page {BARE}",
        f"lib/handlers.py:4: argument 'limit' of GET {BARE}",
        f"functions/x/route.py:4: argument 'limit' of POST {BARE}",
    ]
