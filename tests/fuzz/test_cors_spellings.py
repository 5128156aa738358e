"""However a path is spelled, what a response allows to pages of other origins are the rules of its route."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest

from edgeroutes.dev.gateway import HttpRequest
from edgeroutes.template.cors import preflight_source
from edgeroutes.testing.adapters import ADAPTERS
from tests.fakes.project import RouteProject
from tests.plan.projects import plan
from tests.template.test_cors import ask_runtime, edge_event, run_in_node, runtime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Send = Callable[[str, str], tuple[int, str | None, str]]

ONE, OTHER = "https://one.example", "https://other.example"
ROUTE = """
from edgeroutes import CORS
cors = {cors}
def GET(): return {name!r}
def PUT(): return {name!r}
"""
RULES = {
    "route.py": f"CORS({ONE!r})",
    "users/me/route.py": "False",
    "users/[id]/route.py": f"CORS({ONE!r})",
    "users/[id]/posts/route.py": f"CORS({OTHER!r})",
    "docs/[...slug]/route.py": "CORS('*')",
    "docs/private/[[...slug]]/route.py": f"CORS({ONE!r})",
    "shop/[[...slug]]/route.py": f"CORS([{ONE!r}, {OTHER!r}])",
}
FILES = {file: ROUTE.format(cors=cors, name=file) for file, cors in RULES.items()}
PATHS = [
    "/",
    "/users/me",
    "/users/7",
    "/users/me/posts",
    "/docs/a",
    "/docs/private",
    "/docs/private/x",
    "/shop",
    "/shop/a/b",
]

CHANGES = [
    "encode", "encode", "double", "upper", "/", "//", "/./", "/x/..", "/%2e%2e", "%2F", ";a", "%00", "\\", "%5c", "%c3%a9",
]  # fmt: skip


def spelled(count: int) -> list[str]:
    """Paths as attackers spell them, the same each time."""
    dice = random.Random(11)
    found = [*PATHS]
    while len(found) < count:
        path = dice.choice(PATHS)
        for _ in range(dice.randint(1, 3)):
            place = dice.randint(1, len(path))
            change = dice.choice(CHANGES)
            letter = path[place : place + 1] or "/"
            if change in {"encode", "double"}:
                code = f"%{'25' if change == 'double' else ''}{ord(letter[0]):02x}"
                path = path[:place] + code + path[place + 1 :]
            elif change == "upper":
                path = path[:place] + letter.upper() + path[place + 1 :]
            else:
                path = path[:place] + change + path[place:]
        found.append(path)
    return found


@pytest.fixture(scope="module", params=[*ADAPTERS])
def send(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Send]:
    """Asks as a page of another origin does; gives status, the allowed origin and the body."""
    root = tmp_path_factory.mktemp("cors")
    project = RouteProject(root, FILES)
    adapter = ADAPTERS[request.param](project.manifest(), str(root), debug=False)

    def through_adapter(method: str, path: str) -> tuple[int, str | None, str]:
        headers = [("host", "example.org"), ("origin", ONE)]
        if method == "OPTIONS":
            headers.append(("access-control-request-method", "PUT"))
        response = adapter.send(HttpRequest(method=method, path=path, headers=headers))
        return (
            response.status,
            dict(response.headers).get("access-control-allow-origin"),
            b"".join(response.chunks).decode(),
        )

    yield through_adapter
    adapter.close()
    project.close()


def test_every_spelling_has_the_rules_of_the_route_that_responses_it(send: Send) -> None:
    responded = set()
    for path in spelled(600):
        status, allowed, body = send("GET", path)
        assert status < 500, path
        preflight = send("OPTIONS", path)
        if status != 200:
            continue
        responded.add(body)
        rules = RULES[body]
        right = {"*"} if "'*'" in rules else {ONE} if ONE in rules else {OTHER, None} if OTHER in rules else {None}
        assert {allowed, preflight[1]} <= right, (path, body)
    assert responded == set(RULES)


def test_the_edge_gives_every_spelling_the_rules_that_the_runtime_gives_it() -> None:
    made = plan(FILES)
    application = runtime(made)
    headers = {"origin": ONE, "access-control-request-method": "PUT"}
    paths = [path for path in spelled(3_000) if "\\" not in path]
    responses = run_in_node(preflight_source(made), [edge_event("OPTIONS", path, headers) for path in paths])

    given = [(path, response) for path, response in zip(paths, responses, strict=True) if response is not None]
    assert len(given) > 100
    for path, response in given:
        assert json.dumps(response) == json.dumps(ask_runtime(application, path, headers)), path
