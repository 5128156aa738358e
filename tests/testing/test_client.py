"""The client that users test their routes with."""

import asyncio
import sys
import textwrap
from contextlib import suppress
from typing import Annotated

import pytest

from edgeroutes import Depends, not_found
from edgeroutes.errors import ConfigError, ProblemsError
from edgeroutes.testing import RouteClient
from edgeroutes.testing.adapters import ADAPTERS

ROUTE = """
from edgeroutes import File, Request, cookies
from typing import Annotated, Any


async def GET(request: Request):
    return {"query": request.query_params.multi_items(), "cookies": dict(cookies()), "url": str(request.url)}


async def POST(request: Request):
    cookies().set("seen", "a b")
    return {"type": request.headers.get("content-type"), "body": await request.text()}


async def PUT(picture: Annotated[Any, File()]):
    return {"name": picture.filename, "bytes": picture.size}


async def DELETE():
    cookies().delete("seen")
    return "gone"


def PATCH():
    raise RuntimeError("secret")
"""


def write(root, **files):
    for name, source in files.items():
        folder = root / "functions" / name
        folder.mkdir(parents=True)
        (folder / "route.py").write_text(textwrap.dedent(source), "utf-8")
    return root


@pytest.fixture
def client(tmp_path):
    with RouteClient(write(tmp_path, echo=ROUTE)) as client:
        yield client


def test_a_query_may_stand_in_the_url_and_beside_it(client):
    assert client.get("/echo?a=1&b=x%20y", params={"c": [2, 3]}).json()["query"] == [
        ["a", "1"],
        ["b", "x y"],
        ["c", "2"],
        ["c", "3"],
    ]


def test_the_route_sees_the_url_that_the_client_was_given(client):
    assert client.get("/echo?a=1").json()["url"] == "https://testserver/echo?a=1"


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        ({"json": {"a": [1]}}, {"type": "application/json", "body": '{"a": [1]}'}),
        ({"data": {"a": "x y"}}, {"type": "application/x-www-form-urlencoded", "body": "a=x+y"}),
        ({"content": b"raw"}, {"type": None, "body": "raw"}),
        ({"content": "é", "headers": {"content-type": "text/plain"}}, {"type": "text/plain", "body": "é"}),
    ],
)
def test_a_body_is_sent_with_its_type(client, sent, received):
    assert client.post("/echo", **sent).json() == received


def test_a_file_is_sent_as_browsers_do(client):
    response = client.put("/echo", files={"picture": ("a.png", b"\x89PNG", "image/png")})
    assert response.json() == {"name": "a.png", "bytes": 4}


def test_cookies_are_kept_like_a_browser_keeps_them_until_they_are_deleted(client):
    assert client.post("/echo").cookies == {"seen": "a%20b"}
    assert client.get("/echo").json()["cookies"] == {"seen": "a b"}
    client.delete("/echo")
    assert client.get("/echo").json()["cookies"] == {}


def test_a_500_tells_what_happened_unless_debug_is_off(tmp_path, client, capsys):
    assert "secret" in client.patch("/echo").text
    with RouteClient(tmp_path, debug=False) as production:
        response = production.patch("/echo")
    assert (response.status_code, "secret" in response.text) == (500, False)
    assert capsys.readouterr().out.count("RuntimeError: secret") == 2


def test_two_projects_in_one_process_have_each_their_own_routes(tmp_path):
    one = RouteClient(write(tmp_path / "one", hello="def GET():\n    return 'one'\n"))
    two = RouteClient(write(tmp_path / "two", hello="def GET():\n    return 'two'\n"))
    assert [client.get("/hello").text for client in (one, two, one)] == ["one", "two", "one"]


def test_an_adapter_that_there_is_none_of_is_refused(client):
    with pytest.raises(ConfigError, match=r"client\.via: there is no adapter 'grpc'\. Allowed are rest, http-api"):
        client.via("grpc")


def test_another_adapter_shares_the_cookies(client):
    client.via("function-url").post("/echo")
    assert client.via("asgi").get("/echo").json()["cookies"] == {"seen": "a b"}


def test_a_stream_that_breaks_off_is_not_complete(tmp_path):
    source = "def GET():\n    yield 'half'\n    raise ValueError('broke off')\n"
    with RouteClient(write(tmp_path, half=source)) as client:
        for adapter in ("streaming", "asgi"):
            response = client.via(adapter).get("/half")
            assert (response.is_complete, response.chunks) == (False, (b"half",))


def test_a_production_response_is_available_at_any_time(tmp_path):
    with RouteClient(write(tmp_path, broken="def GET():\n    raise ValueError('secret')\n")) as client:
        client.debug = False
        assert [("secret" in client.via(adapter).get("/broken").text) for adapter in ("rest", "streaming", "asgi")] == [
            False
        ] * 3


def test_all_that_is_wrong_with_a_project_is_reported_when_its_client_is_made(tmp_path):
    write(tmp_path, **{"[id": "def GET(): ...", "[]": "def GET(): ..."})
    with pytest.raises(ProblemsError) as caught:
        RouteClient(tmp_path)
    assert len(caught.value.problems) == 2


DEPENDS = """
from typing import Annotated
from edgeroutes import Depends, not_found

def current_user():
    return "real"

def greeting(user: Annotated[str, Depends(current_user)]):
    return f"hello, {user}"

def GET(greeting: Annotated[str, Depends(greeting)]):
    return greeting
"""


def test_a_dependency_is_overridden_for_a_block_or_until_the_client_is_closed(tmp_path):
    route = tmp_path / "functions" / "x" / "route.py"
    route.parent.mkdir(parents=True)
    route.write_text(DEPENDS)
    client = RouteClient(tmp_path)
    assert client.get("/x").text == "hello, real"
    module = sys.modules["functions.x.route"]

    with client.override(module.current_user, lambda name="fake": name):
        for adapter in ADAPTERS:
            assert client.via(adapter).get("/x?name=ann").text == "hello, ann"
        with client.override(module.current_user, lambda: "inner"):
            assert client.get("/x").text == "hello, inner"
        assert client.get("/x").text == "hello, fake"
    assert client.get("/x").text == "hello, real"

    def wrapped(user: Annotated[str, Depends(module.current_user)]):
        return user.upper()

    client.override(module.current_user, wrapped)
    assert client.get("/x").text == "hello, REAL"
    client.close()
    assert client.get("/x").text == "hello, real"
    client.close()


def test_an_override_takes_functions(client):
    with pytest.raises(TypeError, match=r"'ann' is not callable\. For a value, write lambda: value"):
        client.override(len, "ann")


RUNS = {
    "without a loop": "def GET():\n    return 'done'\n",
    "on a loop": "import asyncio\n\nasync def GET():\n    await asyncio.sleep(0)\n    return 'done'\n",
    "with a loop of its own": "import asyncio\n\nasync def work():\n    return 'done'\n\ndef GET():\n    return asyncio.run(work())\n",
}


@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize("source", RUNS.values(), ids=RUNS)
def test_a_test_that_is_a_coroutine_uses_the_client(source, adapter, tmp_path):
    route = tmp_path / "functions/r/route.py"
    route.parent.mkdir(parents=True)
    route.write_text(source)

    async def test():
        with RouteClient(tmp_path) as own:
            client = own.via(adapter)
            found = [client.get("/r").text, client.get("/r").text]
        await asyncio.sleep(0)
        return found

    assert asyncio.run(test()) == ["done", "done"]


OVERRIDDEN = """\
from typing import Annotated
from edgeroutes import Depends, Header

def token(x_token: Annotated[str, Header()] = "none"):
    return x_token

def user(token: Annotated[str, Depends(token)]):
    return f"user {token}"

def connection():
    yield "open"

class Page:
    def __init__(self, size: int = 1):
        self.size = size

class Clock:
    def __call__(self):
        return "now"

    def later(self):
        return "later"

clock = Clock()

def GET(
    user: Annotated[str, Depends(user)], connection: Annotated[str, Depends(connection)], page: Annotated[Page, Depends()],
    now: Annotated[str, Depends(clock)], later: Annotated[str, Depends(clock.later)],
):
    return [user, connection, page.size, now, later]
"""
ORIGINAL = ["user none", "open", 1, "now", "later"]


@pytest.fixture
def overridden(tmp_path):
    """A project with dependencies of all kinds: its root, and its route's module."""
    route = tmp_path / "functions/o/route.py"
    route.parent.mkdir(parents=True)
    route.write_text(OVERRIDDEN)
    with RouteClient(tmp_path) as client:
        assert client.get("/o").json() == ORIGINAL
        yield client, sys.modules["functions.o.route"]


def test_an_override_replaces_dependencies_of_every_kind(overridden):
    client, module = overridden
    ended = []

    def generator(size: int = 5):
        yield f"fake {size}"
        ended.append(size)

    async def coroutine():
        return "fake"

    class Small:
        size = 0

    cases = [
        (module.token, lambda: "x", ["user x", *ORIGINAL[1:]]),
        (module.user, generator, ["fake 5", *ORIGINAL[1:]]),
        (module.user, coroutine, ["fake", *ORIGINAL[1:]]),
        (module.connection, lambda: "fake", ["user none", "fake", *ORIGINAL[2:]]),
        (module.connection, generator, ["user none", "fake 5", *ORIGINAL[2:]]),
        (module.Page, Small, ["user none", "open", 0, "now", "later"]),
        (module.Page, lambda size=7: module.Page(size), ["user none", "open", 7, "now", "later"]),
        (module.clock, lambda: "then", ["user none", "open", 1, "then", "later"]),
        (module.clock.later, lambda: "then", ["user none", "open", 1, "now", "then"]),
    ]
    for dependency, replacement, wanted in cases:
        with client.override(dependency, replacement):
            assert client.get("/o").json() == wanted
        assert client.get("/o").json() == ORIGINAL
    assert ended == [5, 5]


def test_an_override_ends_with_its_block_and_takes_no_effect_before_a_route_is_loaded(overridden):
    client, module = overridden
    for adapter in ADAPTERS:  # each loads the route with the first request
        found = []
        with suppress(ZeroDivisionError), client.override(module.user, lambda: "fake"):
            found += client.via(adapter).get("/o").json()
            raise ZeroDivisionError
        assert found[0] == "fake"
        assert client.via(adapter).get("/o").json() == ORIGINAL


def test_an_override_is_for_its_client_alone(overridden, tmp_path):
    client, module = overridden
    with RouteClient(tmp_path) as other:
        client.override(module.user, lambda: "fake")
        other.override(module.token, lambda: "other")
        for adapter in ADAPTERS:
            assert client.via(adapter).get("/o").json()[0] == "fake"
            assert other.via(adapter).get("/o").json()[0] == "user other"


def test_an_override_responds_as_a_dependency_does(overridden):
    client, module = overridden
    for replacement, status in ((lambda size: 1, 500), (not_found, 404), (lambda: 1 / 0, 500)):
        with client.override(module.user, replacement):
            assert client.get("/o").status_code == status

    async def test():
        with client.override(module.user, lambda: "fake"):
            return await asyncio.to_thread(lambda: client.get("/o").json()[0])

    assert asyncio.run(test()) == "fake"
