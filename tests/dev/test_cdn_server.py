"""The CDN in the running dev server: real sockets, the routes' own responses, reloads, and the log."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.dev.serving import PATIENCE_S, Served, serving, shared_module, until

if TYPE_CHECKING:
    from pathlib import Path

    from edgeroutes.dev.reports import Responded

COUNTING = """
    revalidate = 60
    tags = ["things"]
    made = 0

    async def GET(page: int = 1):
        global made
        made += 1
        return {"made": made, "page": page}

    async def POST():
        return {"made": made}
"""


def states(served: Served) -> list[tuple[str, int, str, str]]:
    return [(each.path, each.status, each.cache, each.source_file) for each in served.told.responded]


def logged(served: Served, count: int) -> list[Responded]:
    """The log's lines, once there are so many: one is written after its response has gone out."""
    return until(lambda: served.told.responded[count - 1 :] and served.told.responded, f"{count} responses in the log")


def test_a_cached_route_is_served_by_the_cdn_and_the_log_says_so(tmp_path: Path) -> None:
    with serving(tmp_path, {"a": COUNTING, "b": "async def GET():\n    return 'b'\n"}) as served:
        first, second = served.get("/a"), served.get("/a")
        served.client.post("/a")
        served.get("/b")
        logged(served, 4)
        lines = states(served)
    assert (first.json(), second.json()) == ({"made": 1, "page": 1}, {"made": 1, "page": 1})
    assert (first.headers["x-cache"], second.headers["x-cache"]) == ("Miss from cloudfront", "Hit from cloudfront")
    assert second.headers["cache-control"] == "public, max-age=0, must-revalidate"
    assert second.headers["x-origin-cache-control"].startswith("public, s-maxage=60, ")
    assert lines == [
        ("/a", 200, "miss", "functions/a/route.py"),
        ("/a", 200, "hit", "functions/a/route.py"),
        ("/a", 200, "", "functions/a/route.py"),
        ("/b", 200, "uncached", "functions/b/route.py"),
    ]


def test_without_a_cdn_every_request_reaches_its_route(tmp_path: Path) -> None:
    settings = {"pyproject.toml": "[tool.edgeroutes.cdn]\nenabled = false\n"}
    for files, with_cdn in (({}, False), (settings, True)):
        with serving(tmp_path, {"a": COUNTING, **files}, cdn=with_cdn) as served:
            responses = [served.get("/a") for _ in range(2)]
        assert [response.json()["made"] for response in responses] == [1, 2]
        assert "x-cache" not in responses[0].headers
        assert responses[0].headers["cache-control"].startswith("public, s-maxage=60, ")


def test_what_is_seen_after_a_save_is_the_new_code(tmp_path: Path) -> None:
    with serving(tmp_path, {"a": COUNTING, "b": COUNTING}) as served:
        for path in ("/a", "/a", "/b"):
            served.get(path)
        served.saved({"a": COUNTING.replace('"made": made', '"new": made')})
        assert served.get("/a").json() == {"new": 1, "page": 1}
        assert [report.message for report in served.told.logged] == ["CDN cache cleared after reload (2 entries)"]


def test_a_response_of_the_old_code_that_comes_after_the_save_is_not_kept(tmp_path: Path) -> None:
    slow = """
        revalidate = 60
        import gate_of_the_test

        def GET():
            gate_of_the_test.entered.set()
            gate_of_the_test.leave.wait(20)
            return "old"
    """
    with (
        shared_module("gate_of_the_test", entered=threading.Event(), leave=threading.Event()) as gate,
        serving(tmp_path, {"a": slow}) as served,
        ThreadPoolExecutor(1) as clients,
    ):
        before = clients.submit(served.get, "/a")
        gate.entered.wait(PATIENCE_S)
        served.saved({"a": "revalidate = 60\n\ndef GET():\n    return 'new'\n"})
        gate.leave.set()
        assert [before.result().text, served.get("/a").text, served.get("/a").text] == ["old", "new", "new"]


def test_two_hundred_simultaneous_misses_reach_the_handler_once(tmp_path: Path) -> None:
    route = """
        import time
        revalidate = 60
        made = 0

        def GET():
            global made
            made += 1
            time.sleep(0.3)
            return {"made": made}
    """
    count = 200
    with serving(tmp_path, {"a": route}) as served:
        served.get("/absent")  # the first request of all pays for what is imported then
        limits = httpx.Limits(max_connections=count)
        together = threading.Barrier(count)

        def ask(client: httpx.Client) -> tuple[int, str]:
            together.wait()
            response = client.get("/a")
            return response.json()["made"], response.headers["x-cache"]

        with (
            httpx.Client(base_url=str(served.client.base_url), limits=limits, timeout=PATIENCE_S) as client,
            ThreadPoolExecutor(count) as clients,
        ):
            responses = list(clients.map(ask, [client] * count))
    assert {made for made, _ in responses} == {1}
    assert sorted(state for _, state in responses) == ["Hit from cloudfront"] * (count - 1) + ["Miss from cloudfront"]


def test_a_page_of_another_site_gets_nothing_of_what_is_kept(tmp_path: Path) -> None:
    with serving(tmp_path, {"a": COUNTING}) as served:
        served.get("/a")
        refused = served.get("/a", headers={"Host": "evil.example"})
    assert (refused.status_code, "x-cache" in refused.headers) == (403, False)


def test_tags_and_paths_are_invalidated(tmp_path: Path) -> None:
    with serving(tmp_path, {"a": COUNTING}) as served:
        assert served.server.cdn is not None
        made = [served.get("/a").json()["made"]]
        for items in (["#things"], ["#_path:/a"], ["/a*"], ["/b"]):
            served.server.cdn.invalidate(items)
            made.append(served.get("/a").json()["made"])
    assert made == [1, 2, 3, 4, 4]


def test_a_streamed_response_comes_as_it_is_produced_and_is_kept_whole(tmp_path: Path) -> None:
    route = """
        import gate_of_the_test
        revalidate = 60

        async def GET():
            yield "one "
            import asyncio
            while not gate_of_the_test.leave.is_set():
                await asyncio.sleep(0.001)
            yield "two"
    """
    with (
        shared_module("gate_of_the_test", leave=threading.Event()) as gate,
        serving(tmp_path, {"a": route}) as served,
    ):
        with served.client.stream("GET", "/a") as response:
            chunks = response.iter_text()
            first = next(chunks)
            gate.leave.set()
            rest = "".join(chunks)
        logged(served, 1)  # a stream is stored once it has gone out
        again = served.get("/a")
    assert (first, rest, again.text, again.headers["x-cache"]) == ("one ", "two", "one two", "Hit from cloudfront")


def test_a_stream_that_fails_in_the_middle_is_cut_and_not_kept(tmp_path: Path) -> None:
    route = """
        revalidate = 60

        async def GET():
            yield "half"
            raise RuntimeError
    """
    with serving(tmp_path, {"a": route}) as served:
        for _ in range(2):
            try:
                served.get("/a")
            except httpx.RemoteProtocolError:
                continue
            raise AssertionError
        logged(served, 2)
        assert [each.note for each in served.told.responded] == ["cut: the stream failed"] * 2


def test_a_client_that_leaves_a_stream_closes_its_generator_through_the_cdn(tmp_path: Path) -> None:
    route = """
        import asyncio, gate_of_the_test

        async def GET():
            try:
                while True:
                    yield "tick"
                    await asyncio.sleep(0.001)
            finally:
                gate_of_the_test.closed.set()
    """
    with shared_module("gate_of_the_test", closed=threading.Event()) as gate, serving(tmp_path, {"a": route}) as served:
        with served.client.stream("GET", "/a") as response:
            next(response.iter_raw())
        assert gate.closed.wait(PATIENCE_S)


def test_a_stale_response_stands_in_for_a_route_that_fails(tmp_path: Path) -> None:
    route = """
        from edgeroutes import Response
        made = 0

        def GET():
            global made
            made += 1
            if made > 1:
                raise RuntimeError("down")
            return Response.text("good", headers={"Cache-Control": "max-age=0, stale-if-error=60"})
    """
    with serving(tmp_path, {"a": route}) as served:
        responses = [served.get("/a") for _ in range(3)]
        logged(served, 3)
        assert [each.cache for each in served.told.responded] == ["miss", "stale, for an error", "stale, for an error"]
    assert [(each.text, each.headers["x-cache"]) for each in responses] == [
        ("good", "Miss from cloudfront"),
        ("good", "RefreshHit from cloudfront"),
        ("good", "RefreshHit from cloudfront"),
    ]


def test_a_handler_that_lets_one_users_response_be_kept_is_warned_of(tmp_path: Path) -> None:
    route = """
        from edgeroutes import Response, cookies

        def GET():
            return Response.text(cookies().get("user", ""), headers={"Cache-Control": "public, max-age=60"})
    """
    with serving(tmp_path, {"a": route}) as served:
        served.get("/a", headers={"Cookie": "user=anna"})
        (warning,) = until(
            lambda: [report.message for report in served.told.logged if report.level == "WARNING"], "the warning"
        )
    assert warning == (
        "CloudFront would give GET /a to everyone (public, max-age=60), but its handler reads cookies. Set"
        " 'Cache-Control: private, no-store', or leave the header to the route's config"
    )


def test_a_get_with_a_body_is_refused_as_cloudfront_does_and_the_connection_goes_on(tmp_path: Path) -> None:
    with serving(tmp_path, {"a": COUNTING}) as served:
        responses = [served.client.request("GET", "/a", content=b"x" * 100_000), served.get("/a")]
    assert [response.status_code for response in responses] == [403, 200]
    assert responses[0].json()["detail"] == "CloudFront refuses a GET with a body. Send it with POST, or as a query"


def test_a_route_that_revalidates_invalidates_the_local_cdn(tmp_path: Path) -> None:
    route = """
        from edgeroutes import revalidate_path, revalidate_tag

        async def POST(what: str):
            if what.startswith("/"):
                revalidate_path(what, wait=True)
            else:
                revalidate_tag(what, wait=True)
            return "told"
    """
    with serving(tmp_path, {"a": COUNTING, "told": route}) as served:
        made = [served.get("/a").json()["made"]]
        for what in ("things", "others", "/a", "/b"):
            assert served.client.post("/told", params={"what": what}).text == "told"
            made.append(served.get("/a").json()["made"])
        told = [report.message for report in served.told.logged if report.level == "INFO"]
    assert made == [1, 2, 2, 3, 3]
    assert told == [
        "CDN cache invalidated for #things (1 entry)",
        "CDN cache invalidated for #others (0 entries)",
        "CDN cache invalidated for #_path:/a (1 entry)",
        "CDN cache invalidated for #_path:/b (0 entries)",
    ]


def test_the_server_ends_while_something_is_fetched_behind_a_stale_response(tmp_path: Path) -> None:
    route = """
        import asyncio, gate_of_the_test
        from edgeroutes import Response
        made = 0

        async def GET():
            global made
            made += 1
            if made > 1:
                gate_of_the_test.entered.set()
                await asyncio.sleep(60)
            return Response.text("good", headers={"Cache-Control": "max-age=0, stale-while-revalidate=60"})
    """
    with (
        shared_module("gate_of_the_test", entered=threading.Event()) as gate,
        serving(tmp_path, {"a": route}) as served,
    ):
        assert [served.get("/a").text for _ in range(2)] == ["good", "good"]
        assert gate.entered.wait(PATIENCE_S)
    assert served.told.failed == []


FORGED = {
    "X-Forwarded-Proto": "gopher",
    "X-Forwarded-Port": "7",
    "X-Forwarded-Host": "evil.example",
    "X-Real-IP": "6.6.6.6",
    "X-Edge-Location": "evil",
    "X-Amz-Cf-Id": "evil",
    "CloudFront-Viewer-Country": "XX",
    "X-Edgeroutes-Client": "6.6.6.6",
    "Proxy-Authorization": "Basic x",
    "TE": "trailers",
}


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_what_cloudfront_removes_or_writes_reaches_no_function(tmp_path: Path, method: str) -> None:
    route = """
        from edgeroutes import Request, Response

        def GET(request: Request):
            names = " ".join(sorted(request.headers.keys()))
            return Response("", headers={"x-seen": names, "x-url": str(request.url)})

        POST = HEAD = GET
    """
    with serving(tmp_path, {"a": route}) as served:
        headers = served.client.request(method, "/a", headers={**FORGED, "X-Own": "1"}).headers
    seen = headers["x-seen"].split()
    assert "x-own" in seen
    # The scheme and the port are the gateway's own.
    assert {name.lower() for name in FORGED} & set(seen) <= {"x-forwarded-proto", "x-forwarded-port"}
    assert headers["x-url"].startswith("http://127.0.0.1:")


def test_a_range_of_any_length_is_a_range_or_nothing(tmp_path: Path) -> None:
    with serving(tmp_path, {"a": "revalidate = 60\n\ndef GET():\n    return 'abcdef'\n"}) as served:
        served.get("/a")
        for digits in ("9" * 5000, "0" * 5000 + "1", "²"):
            for wanted in (f"bytes={digits}-", f"bytes=-{digits}", f"bytes=1-{digits}", f"bytes={digits}-{digits}"):
                response = served.get("/a", headers={"Range": wanted.encode()})
                assert response.status_code in (200, 206, 416, 431), wanted[:20]
                assert response.text in ("abcdef", "bcdef", "b", "f", "") or response.status_code == 431
        assert served.get("/a", headers={"Range": "bytes=1-2"}).text == "bc"
