"""Responses of every kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.project import RouteProject

    Make = Callable[..., RouteProject]

UNCACHED = ("cache-control", "private, no-store")
VARY = ("vary", "Accept-Encoding")
JSON, TEXT, BYTES = "application/json", "text/plain; charset=utf-8", "application/octet-stream"
SOURCE = """\
from dataclasses import dataclass
import msgspec, pydantic
from edgeroutes import Response
@dataclass
class Point:
    x: int
class Model(pydantic.BaseModel):
    x: int
class Struct(msgspec.Struct):
    x: int
class Own:
    def __json__(self):
        return {"x": 1}
async def produce(*chunks):
    for chunk in chunks:
        yield chunk
class Text(str):
    pass
"""

# What could go out compressed.
TEXT_STREAMS = (
    "(chunk for chunk in ['a', 'b'])",
    "produce('a', 'ä')",
    "Response.stream(produce('a'), 200, {'content-type': 'text/csv'})",
)


@pytest.mark.parametrize(
    ("result", "wanted"),
    [
        ("request.query_params", {"a": "2", "b": ""}),
        ("request.headers", {"x-a": "1"}),
        ("headers()", {"x-a": "1"}),
        ("MappingProxyType({UUID(int=1): date(2026, 1, 2)})", {"00000000-0000-0000-0000-000000000001": "2026-01-02"}),
        ("ChainMap({'a': 1}, {'b': 2})", {"a": 1, "b": 2}),
    ],
)
def test_a_mapping_is_json_at_the_top_as_it_is_below(project: Make, result: str, wanted: dict[str, str]) -> None:
    source = f"""
from collections import ChainMap
from datetime import date
from types import MappingProxyType
from uuid import UUID
from edgeroutes import headers
def GET(request):
    return {result}
"""
    response = project(source).request("GET", "/x?a=1&a=2&b=", [("x-a", "1")])

    assert (response.status, response.json()) == (200, wanted)


@pytest.mark.parametrize(
    ("result", "content_type", "body"),
    [
        ("{'x': 'ä'}", JSON, '{"x":"ä"}'.encode()),
        ("{}", JSON, b"{}"),
        ("[1, None]", JSON, b"[1,null]"),
        ("[]", JSON, b"[]"),
        ("Point(1)", JSON, b'{"x":1}'),
        ("Model(x=1)", JSON, b'{"x":1}'),
        ("Struct(1)", JSON, b'{"x":1}'),
        ("Own()", JSON, b'{"x":1}'),
        ("[Point(1), Model(x=2)]", JSON, b'[{"x":1},{"x":2}]'),
        ("'ä'", TEXT, "ä".encode()),
        ("''", TEXT, b""),
        ("Text('a')", TEXT, b"a"),
        ("b'\\xff'", BYTES, b"\xff"),
        ("Response('<p>', headers={'content-type': 'text/html'})", "text/html", b"<p>"),
        ("(chunk for chunk in ['a', 'b'])", TEXT, b"ab"),
        ("iter([b'a', b'b'])", BYTES, b"ab"),
        ("produce('a', 'ä')", TEXT, "aä".encode()),
        ("produce(b'a', 'ä')", BYTES, "aä".encode()),
        ("produce()", TEXT, b""),
        ("produce(bytearray(b'a'), memoryview(b'b'))", BYTES, b"ab"),
        ("Response.stream(produce('a'), 200, {'content-type': 'text/csv'})", "text/csv", b"a"),
    ],
)
@pytest.mark.parametrize("asynchronous", ["async ", ""])
def test_a_value_becomes_a_response(
    project: Make, result: str, content_type: str, body: bytes, asynchronous: str
) -> None:
    response = project(f"{SOURCE}{asynchronous}def GET():\n    return {result}\n").get("/x")

    varies = [VARY] if result in TEXT_STREAMS else []
    assert (response.status, response.headers, response.body) == (
        200,
        [("content-type", content_type), UNCACHED, *varies],
        body,
    )


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        ("None", "GET: the handler returned None. Return a value, or Response(status=204) for no content."),
        (
            "({}, 201)",
            "GET: the handler returned ({}, 201) of type tuple. For a body with a status, return Response.json(body, status=…).",
        ),
        (
            "5",
            "GET: the handler returned 5 of type int. Return a Response, dict, list, str, bytes, dataclass, model or generator.",
        ),
        ("Point", "of type type. Return a Response, dict"),
        ("Model", "of type ModelMetaclass. Return a Response, dict"),
        ("{1}", "GET: the handler returned {1} of type set. Return a Response"),
        ("object()", "of type object. Return a Response"),
        ("True", "GET: the handler returned True of type bool."),
    ],
)
def test_what_is_not_a_response_is_a_500_and_the_log_names_the_handler(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]], result: str, problem: str
) -> None:
    routes = project(f"{SOURCE}def GET():\n    return {result}\n")

    response = routes.get("/x")

    assert (response.status, response.json()["detail"]) == (500, "the server could not handle the request")
    (line,) = log_lines()
    assert line["exception_name"] == "HandlerError"
    assert f"{routes.app_dir}/x/route.py, GET: the handler returned" in line["exception"]
    assert problem in line["exception"]


@pytest.mark.parametrize("result", ["{'a': object()}", "{'a': float('nan')}", "Point(object())", "endless"])
def test_what_holds_a_value_that_json_has_not_is_a_500_and_the_log_names_the_handler(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]], result: str
) -> None:
    routes = project(f"{SOURCE}endless = []\nendless.append(endless)\n\ndef GET():\n    return {result}\n")
    assert routes.get("/x").status == 500
    (line,) = log_lines()
    assert f"{routes.app_dir}/x/route.py, GET: what the handler returned cannot be sent as JSON: " in line["exception"]


def test_text_that_cannot_be_written_is_a_500(project: Make, log_lines: Callable[[], list[dict[str, Any]]]) -> None:
    assert project("def GET():\n    return '\\ud800'\n").get("/x").status == 500
    assert len(log_lines()) == 1


@pytest.mark.parametrize("status", ["204", "205", "304"])
def test_a_response_without_a_body_has_no_invented_type(project: Make, status: str) -> None:
    response = project(f"from edgeroutes import Response\ndef GET():\n    return Response(status={status})\n").get("/x")

    assert (response.status, response.headers, response.body) == (int(status), [UNCACHED], b"")


def test_content_length_set_late_is_dropped_too(project: Make) -> None:
    source = """
        from edgeroutes import Response
        def GET():
            response = Response("a")
            response.headers["Content-Length"] = "7"
            response.headers["Transfer-Encoding"] = "chunked"
            return response
    """

    assert project(source).get("/x").headers == [("content-type", TEXT), UNCACHED]


def test_a_response_that_is_returned_time_after_time_keeps_nothing_of_a_request(project: Make) -> None:
    routes = project(
        """
        from edgeroutes import Response, cookies

        SAME = Response.text("hello")
        SAME.cookies.set("fixed", "1")

        def GET(visitor: str = ""):
            if visitor:
                cookies().set("visitor", visitor)
            return SAME
        """
    )

    assert routes.get("/x?visitor=ada").values("set-cookie") == ["fixed=1; Path=/", "visitor=ada; Path=/"]
    assert routes.request("HEAD", "/x").body == b""
    response = routes.get("/x")
    assert (response.text, response.values("set-cookie")) == ("hello", ["fixed=1; Path=/"])


def test_middleware_that_adds_to_such_a_response_adds_to_one_response(project: Make) -> None:
    routes = project(
        {
            "x/route.py": "from edgeroutes import Response\nSAME = Response.text('a')\ndef GET():\n    return SAME\n",
            "middleware.py": """
                async def middleware(request, call_next):
                    response = await call_next(request)
                    response.headers.append("x-seen", "1")
                    response.cookies.set("seen", "1")
                    return response
            """,
        }
    )

    responses = [routes.get("/x") for _ in range(2)]
    assert [response.values("x-seen") for response in responses] == [["1"], ["1"]]
    assert [response.values("set-cookie") for response in responses] == [["seen=1; Path=/"]] * 2
