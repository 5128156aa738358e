"""The code of FastAPI's tutorial on dependencies: the same status and JSON from both.

Departures, each on purpose: an argument that is not valid is a 400, not a 422, and an error of a handler is a problem document.
Source: fastapi.tiangolo.com/tutorial/dependencies and /tutorial/security, read 2026-11-30.
"""

from __future__ import annotations

import asyncio
import json
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import fastapi
import httpx
import pytest

from tests.fakes.incoming import FakeIncoming

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.project import RouteProject

    Make = Callable[..., RouteProject]

COMMON = "import functools\nfrom dataclasses import dataclass\nfrom typing import Annotated\n"
OURS = f"{COMMON}from edgeroutes import Cookie, Depends, HTTPError, Header, Query, Request\n"
THEIRS = f"{COMMON}from fastapi import Cookie, Depends, HTTPException as HTTPError, Header, Query, Request\n"

PAGES = {
    "first steps": (
        """
        async def common_parameters(q: str | None = None, skip: int = 0, limit: int = 100):
            return {"q": q, "skip": skip, "limit": limit}
        async def GET(commons: Annotated[dict, Depends(common_parameters)]):
            return commons
        """,
        ["/x", "/x?q=foo&skip=3", "/x?limit=x", "/x?skip=a&limit=b"],
    ),
    "a shared annotation, sync and async": (
        """
        def common_parameters(q: str | None = None, skip: int = 0):
            return {"q": q, "skip": skip}
        Commons = Annotated[dict, Depends(common_parameters)]
        def GET(commons: Commons):
            return commons
        """,
        ["/x", "/x?q=foo&skip=3"],
    ),
    "classes": (
        """
        items = [{"item_name": "Foo"}, {"item_name": "Bar"}, {"item_name": "Baz"}]
        class CommonQueryParams:
            def __init__(self, q: str | None = None, skip: int = 0, limit: int = 100):
                self.q = q
                self.skip = skip
                self.limit = limit
        async def GET(commons: Annotated[CommonQueryParams, Depends(CommonQueryParams)]):
            response = {}
            if commons.q:
                response.update({"q": commons.q})
            response.update({"items": items[commons.skip : commons.skip + commons.limit]})
            return response
        """,
        ["/x", "/x?q=foo", "/x?skip=1&limit=1", "/x?limit=x"],
    ),
    "classes, the shortcut": (
        """
        class Commons:
            def __init__(self, q: str | None = None):
                self.q = q
        async def GET(commons: Annotated[Commons, Depends()]):
            return {"q": commons.q}
        """,
        ["/x", "/x?q=foo"],
    ),
    "a dataclass": (
        """
        @dataclass
        class Page:
            number: int = 1
            size: int = 20
        async def GET(page: Annotated[Page, Depends()]):
            return {"number": page.number, "size": page.size}
        """,
        ["/x", "/x?number=2", "/x?number=two"],
    ),
    "a default instead of an annotation": (
        """
        def query(q: str = "none"):
            return q
        async def GET(q: str = Depends(query)):
            return {"q": q}
        """,
        ["/x", "/x?q=a"],
    ),
    "sub-dependencies": (
        """
        def query_extractor(q: str | None = None):
            return q
        def query_or_cookie_extractor(
            q: Annotated[str, Depends(query_extractor)],
            last_query: Annotated[str | None, Cookie()] = None,
        ):
            if not q:
                return last_query
            return q
        async def GET(query_or_default: Annotated[str, Depends(query_or_cookie_extractor)]):
            return {"q_or_cookie": query_or_default}
        """,
        ["/x", "/x?q=foo", ("/x", {"cookie": "last_query=bar"})],
    ),
    "one call per request": (
        """
        calls = []
        def counted():
            calls.append(1)
            return len(calls)
        def left(value: Annotated[int, Depends(counted)]):
            return value
        def right(value: Annotated[int, Depends(counted)]):
            return value
        def GET(a: Annotated[int, Depends(left)], b: Annotated[int, Depends(right)], c: Annotated[int, Depends(counted)]):
            return [a, b, c]
        """,
        ["/x", "/x"],
    ),
    "without a cache": (
        """
        calls = []
        def counted():
            calls.append(1)
            return len(calls)
        def GET(a: Annotated[int, Depends(counted)], b: Annotated[int, Depends(counted, use_cache=False)]):
            return [a, b]
        """,
        ["/x", "/x"],
    ),
    "dependencies that only refuse": (
        """
        async def verify_token(x_token: Annotated[str, Header()]):
            if x_token != "fake-super-secret-token":
                raise HTTPError(400, "X-Token header invalid")
        async def verify_key(x_key: Annotated[str, Header()]):
            if x_key != "fake-super-secret-key":
                raise HTTPError(403, "X-Key header invalid")
            return x_key
        async def GET(token: Annotated[None, Depends(verify_token)], key: Annotated[str, Depends(verify_key)]):
            return [{"item": "Foo"}, {"key": key}]
        """,
        [
            "/x",
            ("/x", {"x-token": "bad"}),
            ("/x", {"x-token": "bad", "x-key": "fake-super-secret-key"}),
            ("/x", {"x-token": "fake-super-secret-token", "x-key": "bad"}),
            ("/x", {"x-token": "fake-super-secret-token", "x-key": "fake-super-secret-key"}),
        ],
    ),
    "dependencies with yield": (
        """
        log = []
        async def dependency_a():
            log.append("a")
            try:
                yield "A"
            finally:
                log.append("not a")
        def dependency_b(a: Annotated[str, Depends(dependency_a)]):
            log.append("b")
            try:
                yield a + "B"
            finally:
                log.append("not b")
        async def dependency_c(b: Annotated[str, Depends(dependency_b)]):
            yield b + "C"
            log.append("not c")
        async def GET(c: Annotated[str, Depends(dependency_c)]):
            return {"c": c, "log": list(log)}
        """,
        ["/x", "/x"],
    ),
    "yield and HTTPException": (
        """
        class OwnerError(Exception):
            pass
        def get_username():
            try:
                yield "Rick"
            except OwnerError as e:
                raise HTTPError(400, f"Owner error: {e}")
        def GET(username: Annotated[str, Depends(get_username)], owner: str = "Rick"):
            if owner != username:
                raise OwnerError(username)
            return {"owner": owner}
        """,
        ["/x", "/x?owner=Morty"],
    ),
    "yield that raises again": (
        """
        seen = []
        def get_username():
            try:
                yield "Rick"
            except HTTPError as e:
                seen.append(e.detail)
                raise
        def GET(username: Annotated[str, Depends(get_username)], fail: bool = False):
            if fail:
                raise HTTPError(404, "Item not found")
            return seen
        """,
        ["/x", "/x?fail=true", "/x"],
    ),
    "parameterized": (
        """
        class FixedContentQueryChecker:
            def __init__(self, fixed_content: str):
                self.fixed_content = fixed_content
            def __call__(self, q: str = ""):
                if q:
                    return self.fixed_content in q
                return False
        checker = FixedContentQueryChecker("bar")
        async def GET(fixed_content_included: Annotated[bool, Depends(checker)]):
            return {"fixed_content_in_query": fixed_content_included}
        """,
        ["/x", "/x?q=foobar", "/x?q=foo"],
    ),
    "methods, partial objects and decorated functions": (
        """
        class Settings:
            def named(self, name: str = "none"):
                return name
            @classmethod
            def made(cls, name: str = "none"):
                return cls.__name__ + name
        def logged(function):
            @functools.wraps(function)
            def call(*args, **kwargs):
                return function(*args, **kwargs)
            return call
        def tenant(prefix, name: str = "none"):
            return prefix + name
        @logged
        async def later(name: str = "none"):
            return name + "!"
        @logged
        def opened(name: str = "none"):
            yield name + "?"
        def GET(
            a: Annotated[str, Depends(Settings().named)],
            b: Annotated[str, Depends(Settings.made)],
            c: Annotated[str, Depends(functools.partial(tenant, "acme-"))],
            d: Annotated[str, Depends(later)],
            e: Annotated[str, Depends(opened)],
        ):
            return [a, b, c, d, e]
        """,
        ["/x", "/x?name=ann"],
    ),
    "security, the current user": (
        """
        users = {"alice": {"username": "alice", "disabled": True}, "bob": {"username": "bob", "disabled": False}}
        async def bearer(request: Request):
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer":
                raise HTTPError(401, "Not authenticated", headers={"WWW-Authenticate": "Bearer"})
            return token
        async def get_current_user(token: Annotated[str, Depends(bearer)]):
            user = users.get(token)
            if user is None:
                raise HTTPError(401, "Invalid authentication credentials")
            return user
        async def get_current_active_user(current_user: Annotated[dict, Depends(get_current_user)]):
            if current_user["disabled"]:
                raise HTTPError(400, "Inactive user")
            return current_user
        async def GET(current_user: Annotated[dict, Depends(get_current_active_user)]):
            return current_user
        """,
        [
            "/x",
            ("/x", {"authorization": "Basic a"}),
            ("/x", {"authorization": "Bearer eve"}),
            ("/x", {"authorization": "Bearer alice"}),
            ("/x", {"authorization": "Bearer bob"}),
        ],
    ),
}


def by_fastapi(source: str, requests: list[Any]) -> list[Any]:
    namespace: dict[str, Any] = {"__name__": "functions.x.route"}
    exec(compile(THEIRS + dedent(source), "main.py", "exec", dont_inherit=True), namespace)
    app = fastapi.FastAPI()
    app.add_api_route("/x", namespace["GET"])

    async def ask() -> list[Any]:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            responses = [await client.get(target, headers=headers) for target, headers in requests]
        return [outcome(response.status_code, response.json()) for response in responses]

    return asyncio.run(ask())


def outcome(status: int, body: Any) -> Any:
    if status == 422:
        return 400, sorted(error["loc"][-1] for error in body["detail"])
    if status == 400 and "errors" in body:
        return 400, sorted(error["field"] for error in body["errors"])
    return (status, body) if status < 400 else (status, body.get("detail"))


@pytest.mark.parametrize("needs_loop", [False, True], ids=["without a loop", "on a loop"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_the_tutorial_has_the_same_responses_as_in_fastapi(
    project: Make, page: str, *, needs_loop: bool
) -> None:
    source, targets = PAGES[page]
    requests = [(each, {}) if isinstance(each, str) else each for each in targets]
    routes = project(OURS + dedent(source), needs_loop=needs_loop)
    found = []
    for target, headers in requests:
        response = routes.ask(FakeIncoming("GET", target, list(headers.items())))
        routes.finish(response)
        found.append(outcome(response.status, json.loads(response.body)))
    assert found == by_fastapi(source, requests)
