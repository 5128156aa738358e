from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeroutes.errors import ImportRaisedError, RouteFileError
from edgeroutes.http.cors import CORS
from edgeroutes.routing.conventions import CONFIG_NAMES, METHODS, SegmentConfig
from edgeroutes.routing.exports import (
    MiddlewareExports,
    RouteExports,
    read_exports,
    read_middleware,
)
from edgeroutes.routing.handlers import Export
from edgeroutes.routing.patterns import parse_pattern

CASES = json.loads((Path(__file__).parents[1] / "cases" / "routing" / "exports.json").read_text())


@pytest.mark.parametrize(
    ("what", "lines", "methods", "problems"), CASES["files"], ids=[row[0] for row in CASES["files"]]
)
def test_a_route_file_exports(what: str, lines: list[str], methods: list[str], problems: list[str]) -> None:
    exports = read_exports("\n".join(lines), "route.py", ("id", "my-id"))
    assert list(exports.method_names) == methods
    assert [str(problem) for problem in exports.problems] == problems


def test_everything_about_a_route_file_is_one_value() -> None:
    source = (
        "from edgeroutes import CORS\n"
        "revalidate = 60\n"
        "tags = ['a', 'b']\n"
        "cors = CORS(origins=['https://a.example'])\n"
        "def generate_static_params(): return []\n"
        "@timed\n"
        "async def GET(id): yield id\n"
        "POST = make()\n"
    )
    assert read_exports(source, "functions/[id]/route.py", ("id",)) == RouteExports(
        source_file="functions/[id]/route.py",
        methods=(
            Export(name="GET", line=7, is_async=True, is_generator=True, is_decorated=True),
            Export(name="POST", line=8, is_async=None, is_generator=None, is_decorated=False),
        ),
        app=None,
        generate_static_params=Export(
            name="generate_static_params", line=5, is_async=False, is_generator=False, is_decorated=False
        ),
        config=SegmentConfig(
            revalidate=60,
            tags=("a", "b"),
            cors=CORS(["https://a.example"]),
        ),
        streams=True,
        problems=(),
        nothing_exported=None,
        config_lines={"revalidate": 2, "tags": 3, "cors": 4},
    )


def test_an_app_is_found() -> None:
    exports = read_exports("from .main import app", "route.py")
    assert exports.app == Export(name="app", line=1, is_async=None, is_generator=None, is_decorated=False)
    assert (exports.methods, exports.problems, exports.nothing_exported) == ((), (), None)


@pytest.mark.parametrize("source", ["", "x = 1", "app = 'shop'", "def get(): ...", "GET = 'x'", "GET: int"])
def test_a_file_that_exports_nothing_says_so_apart_from_its_problems(source: str) -> None:
    exports = read_exports(source, "functions/x/route.py")
    assert str(exports.nothing_exported) == (
        "functions/x/route.py: no handler is exported. Allowed are GET, HEAD, POST, PUT, PATCH, DELETE,"
        " OPTIONS and app. Write 'async def GET(request)'."
    )
    assert exports.nothing_exported not in exports.problems


def test_what_a_star_import_brings_is_not_seen() -> None:
    exports = read_exports("from .handlers import *", "route.py")
    assert isinstance(exports.nothing_exported, RouteFileError)
    assert exports.nothing_exported.hint == "Import each handler by its name; 'import *' is not followed"


def test_a_file_that_is_not_python_exports_nothing_and_says_only_that() -> None:
    exports = read_exports("def GET(:", "route.py")
    assert [type(problem) for problem in exports.problems] == [ImportRaisedError]
    assert exports.nothing_exported is None


def test_a_file_with_a_null_byte_is_not_python() -> None:
    (problem,) = read_exports("x = '\0'", "route.py").problems
    assert isinstance(problem, ImportRaisedError)


@pytest.mark.parametrize(
    ("source", "streams"),
    [
        ("def GET(): yield 1", True),
        ("async def GET():\n for x in y:\n  yield x", True),
        ("def f(): yield from x\nGET = f", True),
        ("GET = lambda: (yield 1)", True),
        ("def helper(): yield 1\ndef GET(): return list(helper())", False),
        ("def GET():\n def inner(): yield 1\n return list(inner())", False),
        ("def GET(): return sum(x for x in y)", False),
        ("from edgeroutes import Response\ndef GET(): return Response.stream(x)", True),
        ("from edgeroutes import Response as R\ndef GET(): return R.sse(x)", True),
        ("import edgeroutes\ndef GET(): return edgeroutes.Response.ndjson(x)", True),
        ("def GET():\n from edgeroutes import Response\n return Response.json_array(x)", True),
        ("def GET(): return Response.ndjson(x)", True),
        ("def GET(): return Response.json(x)", False),
        ("def GET(): return client.stream(x)", False),
        ("from starlette.responses import Response\ndef GET(): return Response.stream(x)", False),
        ("from starlette.responses import StreamingResponse\ndef GET(): return StreamingResponse(x)", True),
        ("from fastapi.responses import StreamingResponse as S\ndef GET(): return S(x)", True),
        ("from starlette import responses\ndef GET(): return responses.StreamingResponse(x)", True),
        ("streaming = False\ndef GET(): yield 1", False),
        ("streaming = True\ndef GET(): return make()", True),
        ("from .x import GET", False),
    ],
)
def test_a_route_streams_when_its_source_shows_it(source: str, streams: bool) -> None:
    assert read_exports(source, "route.py").streams is streams


@given(st.text(alphabet="GETPOSdefasync :=()[]\n\t'1,.@yield", max_size=60))
def test_any_text_is_read(source: str) -> None:
    read_exports(source, "route.py")
    read_middleware(source, "middleware.py")


@pytest.mark.parametrize("name", [*sorted(CONFIG_NAMES), *METHODS, "app", "generate_static_params"])
def test_no_export_is_taken_for_a_misspelling(name: str) -> None:
    problems = read_exports(f"def {name}(): ...", "route.py").problems
    assert [problem for problem in problems if "Rename it" in str(problem)] == []


MIDDLEWARE = "async def middleware(request, call_next): ...\n"


def test_a_middleware_file_exports_its_function_and_matcher() -> None:
    source = MIDDLEWARE + "matcher = ['/api/[[...path]]', '/users/[id]']\n"
    assert read_middleware(source, "functions/middleware.py") == MiddlewareExports(
        source_file="functions/middleware.py",
        middleware=Export(name="middleware", line=1, is_async=True, is_generator=False, is_decorated=False),
        matcher=(parse_pattern("/api/[[...path]]"), parse_pattern("/users/[id]")),
        problems=(),
    )


@pytest.mark.parametrize(
    ("source", "matcher"),
    [
        (MIDDLEWARE, None),
        (MIDDLEWARE + "matcher = '/api'", ("/api",)),
        (MIDDLEWARE + "matcher = ('/a', '/')", ("/a", "/")),
    ],
)
def test_a_matcher_is_one_pattern_or_several(source: str, matcher: tuple[str, ...] | None) -> None:
    exports = read_middleware(source, "m.py")
    assert exports.matcher == (matcher and tuple(map(parse_pattern, matcher)))
    assert exports.problems == ()


@pytest.mark.parametrize(
    "source", ["from .auth import middleware", "middleware = make()", "@wrap\ndef middleware(request, call_next): ..."]
)
def test_middleware_may_come_from_elsewhere(source: str) -> None:
    exports = read_middleware(source, "m.py")
    assert exports.problems == ()
    assert exports.middleware is not None


@pytest.mark.parametrize(
    ("source", "problems"),
    [
        ("", ["m.py: no function 'middleware' is exported. Write 'async def middleware(request, call_next)'."]),
        (
            "middleware = 1",
            ["m.py: no function 'middleware' is exported. Write 'async def middleware(request, call_next)'."],
        ),
        (
            "async def midleware(request, call_next): ...",
            ["m.py: no function 'middleware' is exported. Rename 'midleware' to 'middleware'."],
        ),
        (
            "def middleware(request, call_next): ...",
            [
                (
                    "m.py:1: middleware is a plain function, which cannot await call_next."
                    " Write 'async def middleware(request, call_next)'."
                )
            ],
        ),
        (
            "async def middleware(request): ...",
            [
                (
                    "m.py:1: the middleware takes (request). Allowed are the request and call_next."
                    " Write 'async def middleware(request, call_next)', and end it with 'return await call_next(request)'."
                )
            ],
        ),
        (
            "async def middleware(request, call_next):\n    yield",
            [
                (
                    "m.py:1: the middleware is a generator. Allowed is a function that returns a response."
                    " Write 'return await call_next(request)' instead of 'yield'."
                )
            ],
        ),
        ("async def middleware(request, call_next, trace=None): ...", []),
        ("async def middleware(*arguments): ...", []),
        (
            MIDDLEWARE + "matcher = 1",
            [
                (
                    "m.py:2: matcher is 1. Allowed: a pattern in folder syntax, and a list of them."
                    " Write one such as '/api/[[...path]]'."
                )
            ],
        ),
        (
            MIDDLEWARE + "matcher = []",
            [
                (
                    "m.py:2: matcher is []. Allowed: a pattern in folder syntax, and a list of them."
                    " Write one such as '/api/[[...path]]'."
                )
            ],
        ),
        (
            MIDDLEWARE + "matcher = prefix + '/x'",
            [
                (
                    "m.py:2: matcher is prefix + '/x'. It must be readable without running the file."
                    " Write a literal, or call one of edgeroutes' own value classes with literals."
                )
            ],
        ),
        (
            MIDDLEWARE + "matcher = ['api', '/[id', '/ok', '/[...id]/[id]']",
            [
                "m.py:2: pattern 'api' does not start with '/'. Write '/api'.",
                "m.py:2: segment '[id' has no closing bracket. Name the folder '[id]'.",
                (
                    "m.py:2: catch-all '[...id]' is not the last segment, so nothing below it is ever reached."
                    " Move the route to '[...id]' itself, or name the folder '[id]'."
                ),
                "m.py:2: parameter 'id' is named twice in one path. Rename one of the two folders.",
            ],
        ),
        ("x = = 1", ["m.py:1: syntax error: invalid syntax."]),
    ],
)
def test_a_middleware_file_is_refused_with_everything_that_is_wrong(source: str, problems: list[str]) -> None:
    assert [str(problem) for problem in read_middleware(source, "m.py").problems] == problems
