"""Large bodies on a real ASGI server: who sends one keeps no other client waiting."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import httpx
import pytest

from edgeroutes.adapters.asgi import AsgiApplication, call_in_thread
from tests.cases.waiting_model import KINDS, post_and_get, waiting_route
from tests.dev.serving import shared_module

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from tests.adapters.conftest import RouteProject

PATIENCE_S = 10.0


@pytest.mark.parametrize("kind", KINDS)
def test_a_large_body_is_validated_beside_the_event_loop(
    project: RouteProject, serve: Callable[..., str], kind: str
) -> None:
    project.write("x/route.py", waiting_route(kind, PATIENCE_S))
    with shared_module("gate", begun=threading.Event(), asked=threading.Event(), found=[]) as gate:
        assert post_and_get(serve(project.asgi()), gate, PATIENCE_S) == {"asked": True}


READS = """
import asyncio
async def GET():
    return {}
async def POST(request):
    return {"length": len(await request.json())}
async def PUT(request):
    return {"length": len(await request.form())}
"""
JSON = ("POST", "application/json", b"[" + b"1," * 200_000 + b"1]", {"length": 200_001})
URLENCODED = ("PUT", "application/x-www-form-urlencoded", b"a=" + b"x" * 400_000, {"length": 1})
PARTS = b'--X\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"x" * 400_000 + b"\r\n--X--\r\n"
MULTIPART = ("PUT", "multipart/form-data; boundary=X", PARTS, {"length": 1})


@pytest.mark.parametrize("sent", [JSON, URLENCODED, MULTIPART], ids=lambda sent: sent[1].partition(";")[0])
def test_a_large_body_that_the_handler_reads_itself_is_read_in_a_thread(
    project: RouteProject, serve: Callable[..., str], sent: tuple[str, str, bytes, object]
) -> None:
    method, content_type, body, expected = sent
    project.write("x/route.py", READS)
    calls: list[Callable[[], None]] = []

    def in_thread(call: Callable[[], None]) -> asyncio.Future[None]:
        calls.append(call)
        return call_in_thread(call)

    url = f"{serve(AsgiApplication(project.asgi().application, in_thread))}/x"
    httpx.get(url)  # which loads the route
    calls.clear()

    response = httpx.request(method, url, content=body, headers={"content-type": content_type})

    assert (response.json(), len(calls)) == (expected, 1)
