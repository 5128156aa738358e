"""The dev CDN against http-tests/cache-tests, a third party's cases for shared caches; departures are in `tests/cases/cdn`.

Each case is a list of requests, with the origin's response to each that reaches it, and what the client must then see.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from edgeroutes.http.conditional import render_http_date
from tests.dev.cdn_origin import NOON, Asked, Edge, Got, Reply

CASES = Path(__file__).parents[3] / "shared" / "cases" / "cdn.json"
DEPARTURES: dict[str, str] = json.loads((Path(__file__).parents[1] / "cases" / "cdn" / "departures.json").read_text())
# Source: http-tests/cache-tests, client/utils.mjs: a pause lets what was fresh for two seconds go stale.
PAUSE_S = 3
DATES = {"date", "expires", "last-modified", "if-modified-since", "if-unmodified-since"}
Case = dict[str, Any]


def read_cases() -> list[Case]:
    if not CASES.is_file():
        return []
    groups = json.loads(CASES.read_text())
    return [case for group in groups for case in group["tests"] if not case.get("browser_only")]


def test_the_third_partys_cases_are_there() -> None:
    if not CASES.is_file():
        pytest.skip("../shared/cases is absent")
    assert set(DEPARTURES) <= {case["id"] for case in read_cases()}


def kept(case: Case) -> bool:
    """`check` cases only distinguish two caches: neither response is wrong."""
    return case.get("kind", "required") != "check"


@pytest.mark.parametrize("case", [case for case in read_cases() if kept(case)], ids=lambda case: case["id"])
def test_a_case_of_the_third_party(case: Case) -> None:
    failure = asyncio.run(Run(case).failure())
    if case["id"] in DEPARTURES:
        assert failure, "it holds now: take it out of the departures"
        pytest.skip(DEPARTURES[case["id"]])
    assert not failure, f"{case['name']}: {failure}"


class Run:
    """One case, run against a CDN of its own."""

    def __init__(self, case: Case) -> None:
        self.requests: list[Case] = case["requests"]
        self.edge = Edge(self.respond)
        self.seen: list[tuple[int, Asked]] = []
        self.sent: dict[int, list[tuple[str, str]]] = {}

    async def failure(self) -> str:
        """What the client or the origin has seen that the case forbids; empty where nothing is."""
        for number, request in enumerate(self.requests, 1):
            pairs = [*dated(request.get("request_headers", ())), ("req-num", str(number))]
            query = request.get("query_arg", "")
            target = f"/{request.get('filename', 'case')}" + (f"?{query}" if query else "")
            got = await self.edge.get(target, request.get("request_method", "GET"), pairs)
            await self.edge.settle()
            wrong = self._check(number, request, got)
            if wrong:
                return f"request {number}: {wrong}"
            if request.get("pause_after"):
                self.edge.now += PAUSE_S
        return self._check_origin()

    async def respond(self, asked: Asked, reply: Reply) -> None:
        """The suite's server (server/handle-test.mjs)."""
        number = int(asked.headers["req-num"])
        self.seen.append((number, asked))
        request = self.requests[number - 1]
        if request.get("disconnect"):
            raise ConnectionAbortedError
        status = request.get("response_status", [200])[0]
        if str(request.get("expected_type", "")).endswith("validated"):
            status = 304 if self._is_validated(number, asked) else 999
        headers = [
            ("server-request-count", str(len(self.seen))),
            ("client-request-count", str(number)),
            *dated(request.get("response_headers", ()), self.edge.now),
        ]
        self.sent[number] = headers
        await reply(status, headers, b"" if status in (204, 304) else body_of(request, headers))

    def _is_validated(self, number: int, asked: Asked) -> bool:
        before = {name.lower(): value for name, value in self.sent[number - 1]}
        return any(
            asked.headers.get(condition) == before[validator]
            for condition, validator in (("if-none-match", "etag"), ("if-modified-since", "last-modified"))
            if validator in before
        )

    def _check(self, number: int, request: Case, got: Got) -> str:
        count = int(got.headers.get("server-request-count", "0"))
        kind = request.get("expected_type")
        if kind == "cached" and not (got.status == 304 and not count) and count >= number:
            return "it does not come from the cache"
        if kind == "not_cached" and count != number:
            return "it comes from the cache"
        expected = request.get("expected_status", request.get("response_status", [200])[0])
        if expected is not None and got.status != expected:
            return f"the status is {got.status}, not {expected}"
        text = request.get("expected_response_text", request.get("response_body"))
        if text is not None and got.status not in (204, 304) and got.body.decode() != text:
            return f"the body is {got.body!r}, not {text!r}"
        return self._check_headers(request, got)

    def _check_headers(self, request: Case, got: Got) -> str:
        for header in request.get("expected_response_headers", ()):
            name, *wanted = [header] if isinstance(header, str) else header
            value = said(got, name.lower())
            if value is None:
                return f"{name} is missing"
            if len(wanted) == 1 and value != dated([(name, wanted[0])])[0][1]:
                return f"{name} is {value!r}, not {wanted[0]!r}"
            if len(wanted) == 2 and not holds(value, wanted, got):
                return f"{name} is {value!r}, which is not {wanted}"
        for header in request.get("expected_response_headers_missing", ()):
            name = header if isinstance(header, str) else header[0]
            if name.lower() in got.headers and (isinstance(header, str) or header[1] in got.headers[name]):
                return f"{name} is there"
        return ""

    def _check_origin(self) -> str:
        arrived = dict(self.seen)
        for number, request in enumerate(self.requests, 1):
            kind = request.get("expected_type", "")
            asked = arrived.get(number)
            conditions = {"etag_validated": "if-none-match", "lm_validated": "if-modified-since"}
            if kind in conditions and (asked is None or conditions[kind] not in asked.headers):
                return f"request {number} reached the origin without {conditions[kind]}"
            wanted = request.get("expected_request_headers", ()) if asked is not None else ()
            for name, value in dated([header, None] if isinstance(header, str) else header for header in wanted):
                if asked is not None and asked.headers.get(name) != value:
                    return f"request {number} reached the origin with {name}: {asked.headers.get(name)!r}"
        return ""


def dated(pairs: Any, since: float = NOON) -> list[tuple[str, str]]:
    """Header fields with dates for the numbers in them: seconds from `since`, the start of the case."""
    return [
        (name, render_http_date(since + value) if name.lower() in DATES and isinstance(value, int) else str(value))
        for name, value, *_ in pairs
    ]


def body_of(request: Case, headers: list[tuple[str, str]]) -> bytes:
    """The body that the origin sends: as long as the case says, and otherwise as the suite's, which is a UUID."""
    declared = [int(value) for name, value in headers if name.lower() == "content-length"]
    body = str(request.get("response_body") or "0" * 36).encode()
    return body[: declared[0]] if declared else body


def said(got: Got, name: str) -> str | None:
    """The origin's headers; of Cache-Control not the one that browsers get instead."""
    if name == "cache-control" and "x-origin-cache-control" in got.headers:
        name = "x-origin-cache-control"
    return got.headers.get(name)


def holds(value: str, wanted: list[Any], got: Got) -> bool:
    operator, other = wanted
    return value == got.headers.get(other) if operator == "=" else int(value) > other
