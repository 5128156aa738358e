"""Our own cases through every adapter, and whatever HTTP can carry through every event and back."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance.cases import CASES, HOWS, Case
from tests.conformance.drivers import Settings
from tests.conformance.expectations import differences

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.drivers import Driver

    Open = Callable[[str, str, Settings], Driver]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_response_is_the_same_through_every_adapter(case: Case, adapter: str, open_driver: Open) -> None:
    if adapter in case.skip:
        pytest.skip(case.skip[adapter])
    driver = open_driver(adapter, "own", case.settings)
    response = driver.send(case.method, case.path, case.query, case.sent, case.body)
    expect = {"status": case.status, "headers": case.headers, "body": case.wanted}
    assert differences(response, expect) == []
    if case.method != "HEAD":
        assert response.values("content-length") in (
            [],
            [str(len(response.body))],
        )  # ours where it is there, never a handler's


def test_every_case_has_a_name_of_its_own() -> None:
    assert [name for name, count in Counter(case.name for case in CASES).items() if count > 1] == []


def test_a_problem_is_the_whole_document_and_says_nothing_of_the_cause(adapter: str, open_driver: Open) -> None:
    if adapter == "dev":
        pytest.skip("in dev the response says what happened, on purpose")
    response = open_driver(adapter, "own", Settings()).send("GET", "/errors/raised")
    document = response.json()
    document.pop("request_id", None)
    assert document == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "the server could not handle the request",
        "instance": "/errors/raised",
    }


SETTINGS = settings(max_examples=60, deadline=None)

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
TOKENS = st.text("abcdefghijklmnopqrstuvwxyz0123456789!#$&'*+.^_`|~-", min_size=1, max_size=10).map(
    lambda text: f"x-{text}"
)
# What a field may have besides spaces at its ends. Source: RFC 9110 §5.5.
VALUES = st.text([chr(code) for code in (*range(0x20, 0x7F), *range(0xA0, 0x100))], max_size=20).map(str.strip)
FIELDS = st.lists(st.tuples(TOKENS, VALUES), max_size=6)
BODIES = st.one_of(st.binary(max_size=60), TEXTS.map(str.encode))
TYPES = st.sampled_from(
    ["application/octet-stream", "text/plain", "application/json", "application/x-www-form-urlencoded"]
)
SEGMENTS = st.lists(TEXTS.filter(bool), max_size=4)


def joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """The fields with repeated ones in one line, as any proxy may write them (RFC 9110 §5.3)."""
    lines: dict[str, str] = {}
    for name, value in pairs:
        lines[name] = f"{lines[name]},{value}" if name in lines else value
    return {name: ",".join(part.strip() for part in line.split(",")) for name, line in lines.items()}


def by_name(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    """The values of each name in order: a REST API keeps no order between names."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
    segments=SEGMENTS,
    query=st.lists(st.tuples(TEXTS, TEXTS), max_size=5),
    fields=FIELDS,
    kind=TYPES,
    body=BODIES,
)
@SETTINGS
def test_a_request_loses_nothing_on_its_way(
    *,
    adapter: str,
    open_driver: Open,
    method: str,
    segments: list[str],
    query: list[tuple[str, str]],
    fields: list[tuple[str, str]],
    kind: str,
    body: bytes,
) -> None:
    if adapter == "http-api":  # which decodes the path: what of it is lost, and nothing else
        segments = [part for part in (segment.replace("/", "").replace("?", "") for segment in segments) if part]
    if segments == ["reply"]:
        segments = ["reply", "reply"]
    path = "/" + "/".join(quote(segment, safe="") for segment in segments)
    sent = [("content-type", kind), *fields]
    driver = open_driver(adapter, "mirror", Settings())
    seen: Any = driver.send(method, path, urlencode(query), sent, body).json()
    url = urlsplit(seen["url"])
    assert {
        "method": seen["method"],
        "segments": seen["params"].get("path", []),
        "path": [quote(part, safe="") for part in seen["params"].get("path", [])],
        "query": by_name([(name, value) for name, value in seen["query"]]),
        "url": by_name(parse_qsl(url.query, keep_blank_values=True)),
        "headers": {**joined(seen["headers"]), **joined(sent)},
        "body": b64decode(seen["body"]),
    } == {
        "method": method,
        "segments": segments,
        "path": path.split("/")[1:] if segments else [],
        "query": by_name(query),
        "url": by_name(query),
        "headers": joined(seen["headers"]),
        "body": b"" if method == "GET" else body,
    }


@given(
    status=st.integers(200, 599).filter(lambda status: status not in (204, 205, 304)),
    fields=FIELDS,
    cookies=st.lists(st.tuples(TOKENS, st.text("abc123", max_size=5)), max_size=4, unique_by=lambda pair: pair[0]),
    kind=TYPES,
    body=BODIES,
)
@SETTINGS
def test_a_response_loses_nothing_on_its_way(
    *,
    adapter: str,
    open_driver: Open,
    status: int,
    fields: list[tuple[str, str]],
    cookies: list[tuple[str, str]],
    kind: str,
    body: bytes,
) -> None:
    lines = [f"{name}={value}; Path=/{value}, x" for name, value in cookies]
    headers = [("content-type", kind), *fields, *(("set-cookie", line) for line in lines)]
    told = json.dumps({"status": status, "headers": headers, "body": b64encode(body).decode()}).encode()
    driver = open_driver(adapter, "mirror", Settings())
    response = driver.send("POST", "/reply", "", [("content-type", "application/json")], told)
    own = [(name, value) for name, value in response.headers if name == "content-type" or name[:2] == "x-"]
    assert (response.status, joined(own), response.values("set-cookie"), response.body) == (
        status,
        joined([("content-type", kind), *fields]),
        lines,
        body,
    )


def send_until(driver: Driver, path: str, wanted: Callable[[Any], bool]) -> Any:
    """The JSON of a DELETE, once it is as wanted: in dev what comes after a response may still be running."""
    seen: list[Any] = []
    for _ in range(50):
        seen += driver.send("DELETE", path).json()
        if wanted(seen):
            break
        driver.settle(0.1)
    return seen


@pytest.mark.parametrize("how", HOWS)
def test_a_sync_function_given_to_after_runs_its_own_event_loop(adapter: str, open_driver: Open, how: str) -> None:
    driver = open_driver(adapter, "own", Settings())
    send_until(driver, f"/runs/{how}", lambda _: True)
    assert driver.send("POST", f"/runs/{how}").status == 200
    assert driver.send("GET", f"/runs/{how}").status == 200  # whose dependency ends with one, too
    assert send_until(driver, f"/runs/{how}", lambda seen: len(seen) == 2) == ["done", "done"]


def test_a_dependency_is_called_once_and_ended_after_the_last_chunk(adapter: str, open_driver: Open) -> None:
    driver = open_driver(adapter, "own", Settings())
    send_until(driver, "/depends/7", lambda _: True)
    response = driver.send("PUT", "/depends/7", headers=[("X-Token", "secret")])
    assert response.body == b"open, closed: False"
    assert send_until(driver, "/depends/7", lambda seen: "closed" in seen) == ["token", "closed"]
