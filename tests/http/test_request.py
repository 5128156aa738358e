from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.request import Address, QueryParams, Request
from tests.fakes.incoming import FakeIncoming

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from edgeroutes.http.request_bodies import FormLimits


class FakeHost:
    """Counts dynamic reads; `gives_empty` is what `force-static` does."""

    def __init__(self, *, gives_empty: bool = False) -> None:
        self.dynamic_reasons: list[str] = []
        self.gives_empty = gives_empty

    def record_read(self, what: str) -> bool:
        self.dynamic_reasons.append(what)
        return self.gives_empty

    async def read_form(self, request: Request, limits: FormLimits) -> Any:
        return Form(form=request.peek_body(), limits=(limits.max_files, limits.max_fields, limits.max_part_size))

    async def compute(self, function: Callable[[bytes], Any], body: bytes) -> Any:
        return function(body)


class Form(dict[str, Any]):
    is_closed = False

    async def close(self) -> None:
        self.is_closed = True


def request_of(incoming: FakeIncoming, host: Any = None) -> Request:
    return Request(incoming, incoming.path, {"id": "7"}, host)


async def read_form(request: Request) -> Any:
    return await request.form()


def wait(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(coroutine)


def test_a_request_gives_what_was_sent() -> None:
    headers = [("Host", "a.example"), ("Cookie", "a=1; b=%20"), ("X-Y", "1"), ("x-y", "2")]
    request = request_of(FakeIncoming("POST", "/users/a%2Fb?tag=1&tag=2&q=%20x", headers, b"body"))

    assert (request.method, request.path, request.path_params) == ("POST", "/users/a%2Fb", {"id": "7"})
    assert str(request.url) == "https://a.example/users/a%2Fb?tag=1&tag=2&q=%20x"
    assert (request.url.path, request.url.query, request.url.origin) == (
        "/users/a%2Fb",
        "tag=1&tag=2&q=%20x",
        "https://a.example",
    )
    assert dict(request.headers) == {"host": "a.example", "cookie": "a=1; b=%20", "x-y": "1, 2"}
    assert request.cookies == {"a": "1", "b": " "}
    assert request.client == Address("203.0.113.7")
    assert request.query_params.multi_items() == [("tag", "1"), ("tag", "2"), ("q", " x")]
    assert repr(request) == "Request(POST /users/a%2Fb)"


def test_a_client_may_be_unknown() -> None:
    assert request_of(FakeIncoming(client=None)).client is None
    assert (Address("a"), hash(Address("a")), repr(Address("a"))) == (
        Address("a", 0),
        hash(Address("a")),
        "Address('a', 0)",
    )


def test_query_parameters_give_the_last_of_a_name_and_all_in_order() -> None:
    query = QueryParams([("a", "1"), ("b", ""), ("a", "2")])

    assert dict(query) == {"a": "2", "b": ""}
    assert (query.getlist("a"), query.getlist("c"), len(query), query.get("c")) == (["1", "2"], [], 2, None)
    assert repr(query) == "QueryParams([('a', '1'), ('b', ''), ('a', '2')])"


def test_the_body_can_be_read_twice_and_in_every_way() -> None:
    request = request_of(FakeIncoming("POST", body='{"a": "ä"}'.encode()))

    async def read() -> list[Any]:
        chunks = [chunk async for chunk in request.stream()]
        return [await request.json(), await request.text(), await request.body(), chunks, await request.json()]

    text = '{"a": "ä"}'
    assert wait(read()) == [{"a": "ä"}, text, text.encode(), [text.encode()], {"a": "ä"}]


def test_an_empty_body_streams_nothing() -> None:
    async def read() -> list[bytes]:
        return [chunk async for chunk in request_of(FakeIncoming("POST")).stream()]

    assert wait(read()) == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_get_and_head_have_no_body(method: str) -> None:
    """Source: facts/nextjs.md Q7; RFC 9110 §9.3.1."""
    assert wait(request_of(FakeIncoming(method, body=b"x")).body()) == b""


def test_text_that_is_not_utf_8_has_replacement_characters_and_no_byte_order_mark() -> None:
    assert wait(request_of(FakeIncoming("POST", body=b"\xef\xbb\xbfa\xff")).text()) == "a\ufffd"


def test_a_body_whose_encoding_is_broken_is_the_clients_mistake() -> None:
    request = request_of(FakeIncoming("POST", body=ValueError("its base64 is broken")))

    with pytest.raises(HTTPError, match="400 the body cannot be read: its base64 is broken"):
        wait(request.body())


@pytest.mark.parametrize(
    ("sent", "media_type"),
    [
        ("application/json", "application/json"),
        ("Application/JSON; charset=utf-8", "application/json"),
        (" text/plain ;x=1", "text/plain"),
        ("", ""),
        (None, ""),
    ],
)
def test_the_media_type_has_no_parameters(sent: str | None, media_type: str) -> None:
    headers = [] if sent is None else [("Content-Type", sent)]

    assert request_of(FakeIncoming("POST", headers=headers)).content_type() == media_type


def test_state_is_a_namespace_of_the_requests_own() -> None:
    request = request_of(FakeIncoming())

    request.state.user = "ada"

    assert request.state.user == "ada"
    assert not hasattr(request_of(FakeIncoming()).state, "user")


def test_reads_of_headers_cookies_and_client_are_counted_and_others_are_not() -> None:
    host = FakeHost()
    request = request_of(FakeIncoming(headers=[("Cookie", "a=1")]), host)

    _ = request.url, request.query_params, request.path_params, request.method, request.content_type(), request.state
    assert host.dynamic_reasons == []
    assert (dict(request.headers), request.cookies, request.client) == (
        {"cookie": "a=1"},
        {"a": "1"},
        Address("203.0.113.7"),
    )
    assert host.dynamic_reasons == ["headers", "cookies", "client"]


def test_a_host_may_give_empty_ones() -> None:
    request = request_of(FakeIncoming(headers=[("Cookie", "a=1")]), FakeHost(gives_empty=True))

    assert (dict(request.headers), request.cookies, request.client) == ({}, {}, None)


def test_a_form_is_read_once_and_by_the_host() -> None:
    request = request_of(FakeIncoming("POST", body=b"a=1"), FakeHost())

    assert request.parsed_form is None
    first, second = wait(read_form(request)), wait(read_form(request))
    assert first is second is request.parsed_form
    assert first == {"form": b"a=1", "limits": (1000, 1000, None)}
    with pytest.raises(TypeError, match="this environment cannot read forms"):
        wait(read_form(request_of(FakeIncoming("POST"))))


def test_a_form_takes_limits_and_is_closed_after_async_with() -> None:
    async def read() -> Any:
        request = request_of(FakeIncoming("POST", body=b"a=1"), FakeHost())
        async with request.form(max_files=1, max_fields=2, max_part_size=3) as form:
            assert not form.is_closed  # type: ignore[attr-defined]
        return form

    form = wait(read())

    assert (form["limits"], form.is_closed) == ((1, 2, 3), True)


@pytest.mark.parametrize("method", ["json", "text"])
@pytest.mark.parametrize(("coding", "status"), [("gzip", 415), (" Deflate", 415), ("br", 415), ("identity", 200)])
def test_a_compressed_body_is_415_unless_its_bytes_are_read(method: str, coding: str, status: int) -> None:
    body = b"1" if status == 200 else b"\x1f\x8b\x08"
    request = request_of(FakeIncoming("POST", headers=[("Content-Encoding", coding)], body=body), FakeHost())

    assert wait(request.body()) == body
    if status == 200:
        assert str(wait(getattr(request, method)())) == "1"
        return
    with pytest.raises(HTTPError) as raised:
        wait(getattr(request, method)())
    assert (raised.value.status, raised.value.headers) == (415, {"accept-encoding": "identity"})


def test_with_headers_sets_over_what_was_sent_and_keeps_the_rest() -> None:
    host = FakeHost()
    headers = [("X-User", "forged"), ("x-user", "twice"), ("Accept", "a"), ("Content-Type", "text/plain")]
    request = request_of(FakeIncoming("POST", "/a?b=1", headers, b"body"), host)
    request.state.seen = True

    changed = request.with_headers({"X-User": "ada", "Content-Type": "text/html"})

    assert changed.peek_headers().multi_items() == [("accept", "a"), ("x-user", "ada"), ("content-type", "text/html")]
    assert (changed.method, changed.path, changed.url, changed.path_params) == ("POST", "/a", request.url, {"id": "7"})
    assert (changed.state.seen, changed.peek_body(), changed.content_type()) == (True, b"body", "text/html")
    assert request.peek_headers()["x-user"] == "forged, twice"
    assert host.dynamic_reasons == []


def test_a_form_without_files_can_be_read_without_starlette() -> None:
    kind = [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")]
    form = request_of(FakeIncoming("POST", headers=kind, body=b"a=%C3%A4+x&b&a=2&c=%zz&d=%ff")).urlencoded_fields()

    assert form is not None
    assert form.multi_items() == [("a", "ä x"), ("b", ""), ("a", "2"), ("c", "%zz"), ("d", "\ufffd")]
    assert request_of(FakeIncoming("POST", body=b"a=1")).urlencoded_fields() is None
    assert (
        request_of(FakeIncoming("POST", headers=[("content-type", "multipart/form-data")])).urlencoded_fields() is None
    )
