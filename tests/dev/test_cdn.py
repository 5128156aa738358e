"""The CDN by itself: an origin that the test scripts, a clock that it holds, ASGI between."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.dev.reports import Failed
from edgeroutes.http.caching import render_cache_control
from tests.dev.cdn_origin import Asked, Edge, Got, Reply

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MINUTE = {"cache-control": render_cache_control(60)}
PLAIN_MINUTE = {"cache-control": "s-maxage=60"}
FAILURES = {"cache-control": "private, no-store"}


class Counting:
    """An origin that counts its requests."""

    def __init__(self, headers: dict[str, str], status: int = 200) -> None:
        self.headers = headers
        self.status = status
        self.count = 0

    async def __call__(self, asked: Asked, reply: Reply) -> None:
        self.count += 1
        await reply(self.status, self.headers, f"v{self.count}".encode())


def run(test: Callable[[], Awaitable[Any]]) -> None:
    async def whole() -> None:
        async with asyncio.timeout(20):
            await test()

    asyncio.run(whole())


def seen(got: Got) -> tuple[int, bytes, str, str | None]:
    return got.status, got.body, got.x_cache, got.headers.get("age")


def test_a_fresh_response_is_served_a_stale_one_too_while_one_request_behind_it_fetches_the_next() -> None:
    async def test() -> None:
        edge = Edge(Counting(MINUTE))
        responses = [await edge.get("/a")]
        for seconds in (59, 1, 0, 60):
            edge.now += seconds
            responses.append(await edge.get("/a"))
            await edge.settle()
        assert [seen(got) for got in responses] == [
            (200, b"v1", "Miss", None),
            (200, b"v1", "Hit", "59"),
            (200, b"v1", "RefreshHit", "60"),
            (200, b"v2", "Hit", "0"),
            (200, b"v2", "RefreshHit", "60"),
        ]
        assert [(report.status, report.cache) for report in edge.behind] == [(200, "behind a stale response")] * 2

    run(test)


def test_browsers_revalidate_each_time_and_the_functions_header_is_sent_beside_it() -> None:
    async def test() -> None:
        edge = Edge(Counting({**MINUTE, "etag": '"a"'}))
        for headers in ({}, {}, {"if-none-match": 'W/"a"'}):
            got = await edge.get("/a", headers=headers)
            assert got.headers["cache-control"] == "public, max-age=0, must-revalidate"
            assert got.headers["x-origin-cache-control"] == MINUTE["cache-control"]

    run(test)


@pytest.mark.parametrize(
    ("status", "said"),
    [(200, "private, no-store"), (200, "max-age=60"), (404, "public, s-maxage=60"), (410, "s-maxage=9")],
)
def test_other_cache_control_and_that_of_errors_goes_to_the_browser_as_it_is(status: int, said: str) -> None:
    async def test() -> None:
        got = await Edge(Counting({"cache-control": said}, status)).get("/a")
        assert (got.headers["cache-control"], got.headers["x-origin-cache-control"]) == (said, said)
        assert got.x_cache == ("Error" if status >= 400 else "Miss")

    run(test)


def test_path_and_whole_query_in_their_order_are_the_key_and_nothing_else_of_the_client() -> None:
    async def test() -> None:
        edge = Edge(Counting(MINUTE))
        first = await edge.get(
            "/a?x=1&y=2", headers={"cookie": "a=1", "accept-language": "de", "accept-encoding": "deflate"}
        )
        again = await edge.get("/a?x=1&y=2", headers={"cookie": "a=2", "user-agent": "me", "cache-control": "no-cache"})
        others = [(await edge.get(target)).x_cache for target in ("/a?y=2&x=1", "/a?x=1&y=%32", "/a", "/a?", "/A")]
        assert (first.x_cache, again.x_cache, others) == ("Miss", "Hit", ["Miss", "Miss", "Miss", "Hit", "Miss"])

    run(test)


def test_accept_encoding_counts_as_far_as_it_takes_br_and_gzip() -> None:
    async def test() -> None:
        edge = Edge(Counting(MINUTE))
        sent = [
            "gzip, deflate, br, zstd",
            "br;q=1.0, GZIP;q=0.1",
            "gzip",
            "gzip, br;q=0",
            "br",
            "identity",
            "zstd",
            None,
        ]
        states = [(await edge.get("/a", headers={"accept-encoding": each} if each else {})).x_cache for each in sent]
        assert states == ["Miss", "Hit", "Miss", "Hit", "Miss", "Miss", "Hit", "Hit"]
        assert [asked.headers.get("accept-encoding") for asked in edge.asked] == ["br,gzip", "gzip", "br", "identity"]

    run(test)


def test_headers_of_the_distributions_key_distinguish_responses() -> None:
    async def test() -> None:
        edge = Edge(Counting(MINUTE), keyed=("host", "origin"))
        sent = [{"host": "a"}, {"host": "b"}, {"host": "a"}, {"host": "a", "origin": "https://x"}]
        assert [(await edge.get("/", headers=each)).x_cache for each in sent] == ["Miss", "Miss", "Hit", "Miss"]

    run(test)


def test_head_is_served_from_gets_response_and_stores_none_of_its_own() -> None:
    async def test() -> None:
        edge = Edge(Counting(MINUTE))
        before = await edge.get("/a", "HEAD")
        await edge.get("/a")
        after = await edge.get("/a", "HEAD")
        assert [asked.method for asked in edge.asked] == ["HEAD", "GET"]
        assert (before.x_cache, seen(after)) == ("Miss", (200, b"", "Hit", "0"))
        assert after.headers["content-length"] == "2"

    run(test)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_pass_each_time_and_invalidate_nothing(method: str) -> None:
    async def test() -> None:
        edge = Edge(Counting(MINUTE))
        await edge.get("/a")
        passed = [await edge.get("/a", method) for _ in range(2)]
        assert [got.body for got in passed] == [b"v2", b"v3"]
        assert seen(await edge.get("/a")) == (200, b"v1", "Hit", "0")

    run(test)


def test_a_get_with_a_body_is_refused_and_never_reaches_the_origin() -> None:
    async def test() -> None:
        edge = Edge(Counting(MINUTE))
        sent = [{"content-length": "3"}, {"transfer-encoding": "chunked"}, {"content-length": "0"}]
        responses = [await edge.get("/a", headers=each) for each in sent]
        assert [(got.status, got.x_cache) for got in responses] == [(403, "Error"), (403, "Error"), (200, "Miss")]
        assert len(edge.asked) == 1

    run(test)


def test_two_hundred_simultaneous_misses_reach_the_origin_once() -> None:
    async def test() -> None:
        gate = asyncio.Event()

        async def origin(asked: Asked, reply: Reply) -> None:
            await gate.wait()
            await reply(200, MINUTE, b"once")

        edge = Edge(origin)
        waiting = [asyncio.create_task(edge.get("/a")) for _ in range(200)]
        await asyncio.sleep(0)
        gate.set()
        responses = await asyncio.gather(*waiting)
        assert len(edge.asked) == 1
        assert {got.body for got in responses} == {b"once"}
        assert sorted(got.x_cache for got in responses) == ["Hit"] * 199 + ["Miss"]

    run(test)


def test_a_client_that_waited_for_an_unusable_response_sends_its_own_request_and_the_next_do_not_wait() -> None:
    async def test() -> None:
        gate = asyncio.Event()
        together = 0

        async def origin(asked: Asked, reply: Reply) -> None:
            nonlocal together
            together += 1
            if together in (1, 5):  # the first of its crowd waits; the others must not wait for it
                await gate.wait()
            await reply(200, {"cache-control": "private, no-store"}, b"mine")

        edge = Edge(origin)
        first = [asyncio.create_task(edge.get("/a")) for _ in range(4)]
        await asyncio.sleep(0)
        assert together == 1
        gate.set()
        await asyncio.gather(*first)
        gate.clear()
        held = asyncio.create_task(edge.get("/a"))
        await asyncio.sleep(0)
        await asyncio.gather(*(edge.get("/a") for _ in range(3)))
        assert (together, held.done()) == (8, False)
        gate.set()
        await held

    run(test)


def test_when_the_first_client_leaves_the_next_one_asks() -> None:
    async def test() -> None:
        async def origin(asked: Asked, reply: Reply) -> None:
            if len(edge.asked) == 1:
                await asyncio.sleep(0)
                return  # as the gateway does when its client is gone: no response at all
            await reply(200, MINUTE, b"second")

        edge = Edge(origin)
        responses = await asyncio.gather(*(edge.get("/a") for _ in range(20)))
        assert ([got.status for got in responses], len(edge.asked)) == ([0] + [200] * 19, 2)

    run(test)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_stale_response_stands_in_for_an_error_and_for_a_broken_origin_within_its_window(status: int) -> None:
    async def test() -> None:
        fails = ""

        async def origin(asked: Asked, reply: Reply) -> None:
            if fails == "raise":
                raise ConnectionResetError
            if fails:
                await reply(status, FAILURES, b"broken")
            else:
                await reply(200, {"cache-control": "s-maxage=60, stale-if-error=600"}, b"good")

        edge = Edge(origin)
        await edge.get("/a")
        edge.now += 659
        fails = "response"
        responded = await edge.get("/a")
        fails = "raise"
        raised = await edge.get("/a")
        edge.now += 1
        fails = "response"
        responses = [responded, raised, await edge.get("/a")]
        assert [seen(got) for got in responses] == [
            (200, b"good", "RefreshHit", "659"),
            (200, b"good", "RefreshHit", "659"),
            (status, b"broken", "Error", None),
        ]

    run(test)


@pytest.mark.parametrize(("directive", "expected"), [("", 200), (", stale-if-error=0", 500), (", no-cache", 500)])
def test_without_stale_if_error_any_kept_response_stands_in_and_with_nought_none(directive: str, expected: int) -> None:
    async def test() -> None:
        origin = Counting({"cache-control": f"s-maxage=60{directive}"})
        edge = Edge(origin)
        await edge.get("/a")
        edge.now += 10_000_000
        origin.status, origin.headers = 500, FAILURES
        assert (await edge.get("/a")).status == expected

    run(test)


def test_a_client_error_takes_the_place_of_a_stale_response() -> None:
    async def test() -> None:
        origin = Counting(PLAIN_MINUTE)
        edge = Edge(origin)
        await edge.get("/a")
        edge.now += 60
        origin.status, origin.headers = 404, FAILURES
        gone = await edge.get("/a")
        origin.status = 500
        assert (gone.status, (await edge.get("/a")).status) == (404, 500)

    run(test)


def test_an_origin_that_dies_in_the_middle_of_a_refresh_leaves_the_stale_response() -> None:
    async def test() -> None:
        dies = False

        async def origin(asked: Asked, reply: Reply) -> None:
            if not dies:
                await reply(200, MINUTE, b"good")
                return
            await reply.head(200, [*MINUTE.items(), ("content-length", "1000")])
            await reply.chunk(b"half")
            raise ConnectionAbortedError

        edge = Edge(origin)
        await edge.get("/a")
        dies = True
        edge.now += 61
        responses = []
        for _ in range(3):
            responses.append(await edge.get("/a"))
            await edge.settle()
        dies = False
        await edge.get("/a")
        await edge.settle()
        responses.append(await edge.get("/a"))
        assert [seen(got) for got in responses] == [(200, b"good", "RefreshHit", "61")] * 3 + [
            (200, b"good", "Hit", "0")
        ]
        assert sum(isinstance(report, Failed) for report in edge.reports) == 3

    run(test)


def test_a_refresh_that_brings_a_private_response_ends_the_stale_one() -> None:
    async def test() -> None:
        origin = Counting(MINUTE)
        edge = Edge(origin)
        await edge.get("/a")
        edge.now += 61
        origin.headers = FAILURES
        stale = await edge.get("/a")
        await edge.settle()
        assert (seen(stale)[2], seen(await edge.get("/a"))) == ("RefreshHit", (200, b"v3", "Miss", None))

    run(test)


def test_a_stream_passes_chunk_by_chunk_and_is_kept_when_its_end_has_come() -> None:
    async def test() -> None:
        gate = asyncio.Event()

        async def origin(asked: Asked, reply: Reply) -> None:
            await reply.head(200, list(MINUTE.items()))
            await reply.chunk(b"one ")
            await gate.wait()
            await reply.chunk(b"two", more=False)

        edge = Edge(origin)
        first = asyncio.create_task(edge.get("/a"))
        await asyncio.sleep(0)
        # Who comes meanwhile gets a stream of its own, for nobody knows how long this one lasts.
        second = asyncio.create_task(edge.get("/a"))
        await asyncio.sleep(0)
        assert len(edge.asked) == 2
        gate.set()
        responses = [await first, await second, await edge.get("/a")]
        assert [seen(got)[1:3] for got in responses] == [
            (b"one two", "Miss"),
            (b"one two", "Miss"),
            (b"one two", "Hit"),
        ]

    run(test)


@pytest.mark.parametrize("declared", [None, "100"])
def test_what_has_not_come_to_its_end_is_not_kept(declared: str | None) -> None:
    async def test() -> None:
        async def origin(asked: Asked, reply: Reply) -> None:
            await reply.head(200, [*MINUTE.items(), *([("content-length", declared)] if declared else [])])
            await reply.chunk(b"half")
            if declared is None:
                raise ConnectionAbortedError
            await reply.chunk(b"", more=False)

        edge = Edge(origin)
        responses = [await edge.get("/a") for _ in range(2)]
        assert [got.x_cache for got in responses] == ["Miss", "Miss"]
        assert [got.is_whole for got in responses] == [declared is not None] * 2

    run(test)


@pytest.mark.parametrize(
    ("items", "hits"),
    [
        (["#products"], "/b /a?x=1"),
        (["#PRODUCT:1"], "/b /ab /a?x=1"),
        (["#product"], "/a /b /ab /a?x=1"),
        (["/a"], "/b /ab /a?x=1"),
        (["/a*"], "/b"),
        (["/a?x=1", "/b"], "/a /ab"),
        (["/*"], ""),
        ([], "/a /b /ab /a?x=1"),
    ],
)
def test_an_invalidation_removes_what_cloudfront_would(items: list[str], hits: str) -> None:
    tags = {"/a": "Products, product:1", "/ab": "products"}

    async def test() -> None:
        async def origin(asked: Asked, reply: Reply) -> None:
            await reply(200, {**MINUTE, "x-cache-tag": tags.get(asked.target, "")}, b"")

        edge = Edge(origin)
        targets = ("/a", "/b", "/ab", "/a?x=1")
        for target in targets:
            await edge.get(target)
        edge.cdn.invalidate(items)
        assert " ".join([target for target in targets if (await edge.get(target)).x_cache == "Hit"]) == hits

    run(test)


def test_all_variants_of_a_path_are_invalidated_together() -> None:
    async def test() -> None:
        edge = Edge(Counting(MINUTE))
        encodings = [{"accept-encoding": "br"}, {}]
        for headers in encodings:
            await edge.get("/a", headers=headers)
        edge.cdn.invalidate(["/a"])
        assert [(await edge.get("/a", headers=headers)).x_cache for headers in encodings] == ["Miss", "Miss"]

    run(test)


@pytest.mark.parametrize("items", [["/a"], ["/*"], ["#things"]])
def test_a_fetch_begun_before_an_invalidation_is_neither_stored_nor_sent_to_later_requests(
    items: list[str],
) -> None:
    async def test() -> None:
        gate = asyncio.Event()
        origin = Counting(MINUTE)

        async def slow(asked: Asked, reply: Reply) -> None:
            is_first = len(edge.asked) == 1
            origin.count += 1
            body = f"v{origin.count}".encode()
            if is_first:
                await gate.wait()
            await reply(200, {**MINUTE, "x-cache-tag": "things"}, body)

        edge = Edge(slow)
        before = asyncio.create_task(edge.get("/a"))
        await asyncio.sleep(0)
        edge.cdn.invalidate(items)
        after = await edge.get("/a")
        gate.set()
        assert [got.body for got in (await before, after, await edge.get("/a"))] == [b"v1", b"v2", b"v2"]

    run(test)


def test_a_fetch_during_other_invalidations_is_stored_unless_they_are_very_many() -> None:
    async def test() -> None:
        times = 0

        async def origin(asked: Asked, reply: Reply) -> None:
            for _ in range(times):
                edge.cdn.invalidate(["/b", "#others"])
            await reply(200, MINUTE, b"")

        edge = Edge(origin)
        states = {}
        for times in (1, 64, 65):
            edge.cdn.invalidate(["/a"])
            states[times] = [(await edge.get("/a")).x_cache for _ in range(2)][1]
        assert states == {1: "Hit", 64: "Hit", 65: "Miss"}

    run(test)


def test_the_memory_has_a_bound_and_loses_first_what_was_not_used_longest() -> None:
    async def test() -> None:
        async def origin(asked: Asked, reply: Reply) -> None:
            await reply(200, MINUTE, b"x" * (30_000 if asked.target != "/huge" else 200_000))

        edge = Edge(origin, max_bytes=100_000)
        states = [
            (await edge.get(target)).x_cache for target in ("/a", "/b", "/c", "/a", "/d", "/a", "/b", "/huge", "/huge")
        ]
        assert states == ["Miss", "Miss", "Miss", "Hit", "Miss", "Hit", "Miss", "Miss", "Miss"]

    run(test)


@pytest.mark.parametrize(
    ("headers", "status", "body", "content_range"),
    [
        ({"range": "bytes=2-4"}, 206, b"234", "bytes 2-4/10"),
        ({"range": "bytes=7-99"}, 206, b"789", "bytes 7-9/10"),
        ({"range": "bytes=-3"}, 206, b"789", "bytes 7-9/10"),
        ({"range": "bytes=10-"}, 416, b"", "bytes */10"),
        ({"range": "bytes=-0"}, 416, b"", "bytes */10"),
        ({"range": "bytes=4-2"}, 200, b"0123456789", None),
        ({"range": "bytes=0-1,4-5"}, 200, b"0123456789", None),
        ({"range": "lines=1-2"}, 200, b"0123456789", None),
        ({"range": "bytes=2-4", "if-range": '"a"'}, 206, b"234", "bytes 2-4/10"),
        ({"range": "bytes=2-4", "if-range": '"b"'}, 200, b"0123456789", None),
        ({"range": "bytes=2-4", "if-none-match": '"a"'}, 304, b"", None),
    ],
)  # fmt: skip
def test_a_range_is_cut_out_of_the_kept_response(
    headers: dict[str, str], status: int, body: bytes, content_range: str | None
) -> None:
    async def test() -> None:
        async def origin(asked: Asked, reply: Reply) -> None:
            await reply(200, {**MINUTE, "etag": '"a"'}, b"0123456789")

        edge = Edge(origin)
        whole = await edge.get("/a", headers={"range": "bytes=0-0"})
        got = await edge.get("/a", headers=headers)
        assert (whole.status, whole.body, len(edge.asked)) == (200, b"0123456789", 1)
        assert (got.status, got.body, got.headers.get("content-range")) == (status, body, content_range)

    run(test)


def test_a_stale_response_is_revalidated_with_its_own_validators_and_made_fresh_by_a_304() -> None:
    async def test() -> None:
        async def origin(asked: Asked, reply: Reply) -> None:
            headers = {**PLAIN_MINUTE, "etag": '"a"', "x-made": str(len(edge.asked))}
            await reply(304 if asked.headers.get("if-none-match") == '"a"' else 200, headers, b"same")

        edge = Edge(origin)
        await edge.get("/a")
        edge.now += 61
        refreshed = await edge.get("/a", headers={"if-none-match": '"other"', "range": "bytes=0-0"})
        hit = await edge.get("/a")
        assert "range" not in edge.asked[1].headers
        assert (refreshed.status, refreshed.x_cache, seen(hit)) == (206, "RefreshHit", (200, b"same", "Hit", "0"))
        assert hit.headers["x-made"] == "2"

    run(test)


def test_a_304_that_says_private_ends_the_stale_response() -> None:
    async def test() -> None:
        async def origin(asked: Asked, reply: Reply) -> None:
            said = "s-maxage=60" if len(edge.asked) == 1 else "private, no-store"
            await reply(
                304 if "if-none-match" in asked.headers else 200, {"cache-control": said, "etag": '"a"'}, b"same"
            )

        edge = Edge(origin)
        await edge.get("/a")
        edge.now += 61
        responses = [await edge.get("/a") for _ in range(2)]
        assert [(got.body, got.x_cache) for got in responses] == [(b"same", "RefreshHit"), (b"same", "Miss")]

    run(test)


def test_a_clients_condition_goes_to_the_origin_where_nothing_is_kept() -> None:
    async def test() -> None:
        async def origin(asked: Asked, reply: Reply) -> None:
            await reply(304 if "if-none-match" in asked.headers else 200, {**MINUTE, "etag": '"a"'}, b"whole")

        edge = Edge(origin)
        responses = [
            await edge.get("/a", headers=each) for each in ({"if-none-match": '"a"'}, {}, {"if-none-match": '"a"'})
        ]
        assert [(got.status, got.x_cache) for got in responses] == [(304, "Miss"), (200, "Miss"), (304, "Hit")]

    run(test)


@pytest.mark.parametrize("status", [400, 403, 404, 405, 410, 500, 503])
def test_an_error_is_kept_only_by_a_lifetime_of_its_own(status: int) -> None:
    async def test() -> None:
        states = []
        for said in ("no-store", "public", "max-age=60"):
            edge = Edge(Counting({"cache-control": said}, status))
            states.append([(await edge.get("/a")).headers.get("age") for _ in range(2)][1])
        assert states == [None, None, "0"]

    run(test)


def test_a_cookie_that_is_kept_for_everyone_is_warned_of_once_and_given_to_everyone() -> None:
    async def test() -> None:
        edge = Edge(Counting({**PLAIN_MINUTE, "set-cookie": "session=1"}))
        responses = [await edge.get("/a"), await edge.get("/a"), await edge.get("/a?x=1")]
        assert [got.headers["set-cookie"] for got in responses] == ["session=1"] * 3
        (warning,) = edge.warnings
        assert warning == (
            "CloudFront would give GET /a to everyone (s-maxage=60), but it sets a cookie, which everyone would get."
            " Set 'Cache-Control: private, no-store', or leave the header to the route's config"
        )

    run(test)


def test_no_cache_naming_a_field_keeps_the_response_without_it() -> None:
    async def test() -> None:
        edge = Edge(Counting({"cache-control": 's-maxage=60, no-cache="Set-Cookie"', "set-cookie": "session=1"}))
        responses = [await edge.get("/a") for _ in range(2)]
        assert [got.headers.get("set-cookie") for got in responses] == ["session=1", None]
        assert edge.warnings == []

    run(test)


@pytest.mark.parametrize(
    ("sent", "headers", "because"),
    [
        ({"authorization": "Bearer x"}, {}, "its request has authorization, which the cache key does not include"),
        ({"cookie": "a=1"}, {}, "its request has cookie, which the cache key does not include"),
        ({}, {"vary": "Accept-Encoding, Accept-Language"}, "it varies by accept-language, which the cache key does not include"),
        ({}, {"vary": "Accept-Encoding"}, ""),
        ({}, {}, ""),
    ],
)  # fmt: skip
def test_responses_that_would_leak_are_warned_of(sent: dict[str, str], headers: dict[str, str], because: str) -> None:
    async def test() -> None:
        edge = Edge(Counting({**PLAIN_MINUTE, **headers}))
        await edge.get("/a", headers=sent)
        assert [warning.partition("), but ")[2].partition(". Set")[0] for warning in edge.warnings] == (
            [because] if because else []
        )

    run(test)


def test_everything_is_evicted_when_the_origin_changes() -> None:
    async def test() -> None:
        edge = Edge(Counting({**MINUTE, "x-tags": "a"}))
        await edge.get("/a")
        await edge.get("/b")
        assert edge.cdn.reset(tag_header="X-Tags", keyed=("origin",)) == 2
        sent: list[dict[str, str]] = [{}, {}, {"origin": "https://x"}]
        assert [(await edge.get("/a", headers=each)).x_cache for each in sent] == ["Miss", "Hit", "Miss"]
        edge.cdn.invalidate(["#a"])
        assert (await edge.get("/a")).x_cache == "Miss"

    run(test)
