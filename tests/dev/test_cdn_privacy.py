"""What one user's request put into a response reaches no other user through the CDN, whatever a route does.

The routes leave caching to their config, each in another way; they respond through the event path that Lambda has.
"""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from edgeroutes.dev.gateway import HttpRequest, read_result, rest_event
from edgeroutes.dev.project import Project
from edgeroutes.runtime.log import add_writer
from tests.dev.cdn_origin import Asked, Edge, Reply
from tests.dev.serving import write_files

if TYPE_CHECKING:
    from edgeroutes.adapters.proxy import LambdaHandler

ASKING = {
    "authorization": "return request.headers.get('authorization', '')",
    "all_headers": "return ' '.join(f'{k}={v}' for k, v in request.headers.items())",
    "cookie": "return request.cookies.get('user', '')",
    "cookies": "return cookies().get('user', '')",
    "headers": "return headers().get('authorization', '')",
    "event": "return str(context.aws_event)",
    "client": "return request.client.host",
    "sets_own": "response = Response.text('hello'); response.cookies.set('session', 'of the first'); return response",
    "sets": "cookies().set('session', 'of the first'); return 'hello'",
    "raises": "cookies().set('session', 'of the first'); redirect('/elsewhere')",
    "late": "yield 'first '; yield request.headers.get('authorization', '')",
    "not_found": "request.headers.get('authorization'); not_found()",
    "nothing": "return 'the same for all'",
}
CONFIGS = ("revalidate = 60", "revalidate = False", "dynamic = 'force-static'", "dynamic = 'error'", "")
USERS = ("anna", "berta", "carla")


@cache
def handler() -> LambdaHandler:
    root = Path(mkdtemp(prefix="edgeroutes-privacy-"))
    write_files(
        root,
        {
            f"{name}/{number}": (
                "from edgeroutes import Request, Response, RouteContext, cookies, headers, not_found, redirect\n"
                f"{config}\n\nasync def GET(request: Request, context: RouteContext):\n    {body}\n"
            )
            for name, body in ASKING.items()
            for number, config in enumerate(CONFIGS)
        },
    )
    return Project(root).handler()


async def origin(asked: Asked, reply: Reply) -> None:
    request = HttpRequest(
        method=asked.method, path=asked.target, headers=asked.headers.multi_items(), client_host=asked.headers["x-me"]
    )
    end_silence = add_writer(lambda *_: None)  # of what fails here on purpose: headers under dynamic = "error"
    try:
        response = read_result(await asyncio.to_thread(handler(), rest_event(request), None))
    finally:
        end_silence()
    await reply(response.status, response.headers, response.body)


requests = st.tuples(
    st.sampled_from(sorted(ASKING)),
    st.integers(0, len(CONFIGS) - 1),
    st.sampled_from(USERS),
    st.sampled_from((0, 30, 61, 10**8)),
)


def test_the_routes_reach_the_cdn_both_ways() -> None:
    async def test() -> None:
        edge = Edge(origin)
        states = {
            name: [(await edge.get(f"/{name}/0", headers={"x-me": "a"})).x_cache for _ in range(2)][1]
            for name in ASKING
        }
        assert {name for name, state in states.items() if state == "Hit"} == {"nothing"}

    asyncio.run(test())


@settings(max_examples=150, deadline=None)
@given(st.lists(requests, min_size=2, max_size=12))
def test_no_response_with_a_users_secret_or_cookie_reaches_another(asked: list[tuple[str, int, str, int]]) -> None:
    async def test() -> None:
        edge = Edge(origin)
        for name, number, user, pause in asked:
            secret = f"secret-of-{user}"
            sent = {
                "authorization": f"Bearer {secret}",
                "cookie": f"user={secret}",
                "x-me": f"10.0.0.{USERS.index(user)}",
            }
            got = await edge.get(f"/{name}/{number}", headers=sent)
            await edge.settle()
            text = f"{got.headers.multi_items()} {got.body.decode()}"
            for other in USERS:
                if other != user:
                    assert f"secret-of-{other}" not in text
                    assert f"10.0.0.{USERS.index(other)}" not in text
            if got.x_cache != "Miss":
                assert "set-cookie" not in got.headers
            edge.now += pause

    asyncio.run(test())
