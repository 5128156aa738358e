"""What of edgeroutes stays out of a bundle that cannot use it; that the rest runs alone: tests/build/test_builder.py."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from edgeroutes import pipeline
from edgeroutes.build.imports import OWN_NAMES, Arguments
from edgeroutes.build.installer import UvInstaller
from edgeroutes.build.modules import SearchPath
from edgeroutes.build.own_parts import feature_names, unused_parts
from edgeroutes.build.report import zipped_bytes
from edgeroutes.build.store import FOLDER, Store
from edgeroutes.build.syntax import parse_source, read_uses
from edgeroutes.build.trace import Tracer
from edgeroutes.config import CdnConfig, Config
from edgeroutes.http.cors import CORS
from edgeroutes.plan.project import make_plan
from edgeroutes.routing.scan import scan
from tests.build.projects import HELLO, invoke, make_project
from tests.fakes.file_tree import HANDLER, MIDDLEWARE, FakeFileTree

BARE = {
    "adapters/mount.py",
    "http/cors.py",
    "http/response_bodies.py",
    "runtime/cors.py",
    "runtime/heartbeats.py",
    "runtime/middleware.py",
    "runtime/static_params.py",
}


def kept(config: Config, files: dict[str, str]) -> set[str]:
    """What is not left out of the only function, of all that a bare one does without."""
    (function,) = make_plan(config, scan(FakeFileTree(files)), files).functions
    sources = (text for path, text in files.items() if path.endswith(".py"))
    names = {name for text in sources for name in read_uses(parse_source(text, where="x.py"), OWN_NAMES)}
    return BARE - unused_parts(function, config, names, {Arguments.PLAIN})


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        (HANDLER, set()),
        ("def GET():\n    return Response.sse([])\n", {"http/response_bodies.py", "runtime/heartbeats.py"}),
        ("def GET():\n    return getattr(Response, 'ndjson')([])\n", {"http/response_bodies.py"}),
        ("def GET():\n    return Response.file('x')\n", {"http/response_bodies.py"}),
        ("def GET():\n    return Response.stream(open('x'))\n", {"http/response_bodies.py"}),
        ("def GET():\n    return __file__\n", set()),
        ("# sse file cors\ndef GET():\n    'Response.sse and stream'\n    return {'a': 'a file'}\n", set()),
        ("cors = False\ndef GET():\n    return {}\n", {"http/cors.py"}),
        (
            "from edgeroutes import CORS\ncors = CORS('*')\ndef GET():\n    return {}\n",
            {"http/cors.py", "runtime/cors.py"},
        ),
        ("async def app(scope, receive, send): ...\n", {"adapters/mount.py"}),
        ("dynamic_params = False\ndef GET():\n    return {}\n", {"runtime/static_params.py"}),
    ],
)
def test_a_part_ships_where_the_source_can_ask_for_it(source: str, parts: set[str]) -> None:
    assert kept(Config(), {"functions/x/route.py": source}) == parts


def test_a_part_ships_where_the_settings_or_the_folder_ask_for_it() -> None:
    assert kept(Config(cors=CORS("*")), {"functions/x/route.py": HANDLER}) == {"http/cors.py", "runtime/cors.py"}
    files = {"functions/middleware.py": MIDDLEWARE, "functions/x/route.py": HANDLER}
    assert kept(Config(), files) == {"runtime/middleware.py"}
    included = {"functions/function.yaml": "include: [mangum]", "functions/x/route.py": HANDLER}
    assert kept(Config(), included) == {"adapters/mount.py"}


def test_the_fallback_has_what_the_project_declares() -> None:
    config = Config(cors=CORS("*"), base_path="/api", cdn=CdnConfig(enabled=False))
    fallback = make_plan(config, scan(FakeFileTree({"functions/x/route.py": HANDLER}))).fallback

    assert BARE - unused_parts(fallback, config, [], []) == {"http/cors.py", "runtime/cors.py"}
    assert ["adapters/origin.py" in unused_parts(fallback, each, [], []) for each in (config, Config())] == [
        True,
        False,
    ]


def test_what_calls_starlettes_responses_ships_where_starlette_is_imported() -> None:
    files = {"functions/x/route.py": HANDLER}
    (function,) = make_plan(Config(), scan(FakeFileTree(files)), files).functions

    unused = unused_parts(function, Config(), ["starlette"], [Arguments.PLAIN])
    assert "adapters/mount.py" not in unused


def test_readers_ship_where_an_argument_may_need_them() -> None:
    files = {"functions/x/route.py": HANDLER}
    (function,) = make_plan(Config(), scan(FakeFileTree(files)), files).functions
    readers = {"runtime/bodies.py", "runtime/conversion.py"}
    kept = [
        readers - unused_parts(function, Config(), [], arguments)
        for arguments in ([Arguments.PLAIN], [Arguments.PLAIN, Arguments.SCALARS], [Arguments.SCALARS, Arguments.ANY])
    ]
    assert kept == [set(), {"runtime/conversion.py"}, readers]


def test_a_hello_weighs_150_kb_at_most(tmp_path: Path) -> None:
    version = Config().runtime.removeprefix("python")
    python = UvInstaller().find_python(version)
    if python is None:
        pytest.skip(f"there is no Python {version} on this machine; the bytecode of others has other sizes")
    files = {"pyproject.toml": "[tool.edgeroutes]\n", "functions/hello/route.py": HELLO}
    project = make_project(tmp_path, files)
    project.installer.pythons = {version: python}
    store = Store(project.root / FOLDER)
    weights = {each.logical_id: zipped_bytes(each.trees, store) for each in project.build().functions}
    assert {name: size for name, size in weights.items() if size > 150 * 1024} == {}


DEPENDENCIES = """
from typing import Annotated
from edgeroutes import Depends, Header, HTTPError

def token(x_token: Annotated[str, Header()] = "none"):
    {statement}
    return x_token

def session(limit: int = 3):
    yield limit
    print("closed")

Token = Annotated[str, Depends(token)]
Session = Annotated[int, Depends(session)]
"""
DECORATED = """
import functools
from lib.users import Session, Token

def logged(function):
    @functools.wraps(function)
    def call(**arguments):
        return function(**arguments)
    return call

@logged
def GET(token: Token, session: Session):
    return [token, session]
"""


@pytest.mark.parametrize(
    "statement", ["pass", "import asyncio; asyncio.run(asyncio.sleep(0))"], ids=["without a loop", "on a loop"]
)
def test_a_bundle_has_what_its_dependencies_need(tmp_path: Path, statement: str) -> None:
    files = {
        "pyproject.toml": "[tool.edgeroutes]\n",
        "lib/users.py": DEPENDENCIES.format(statement=statement),
        "functions/depends/route.py": DECORATED,
        "functions/hello/route.py": HELLO,
    }
    project = make_project(tmp_path, files)
    report = project.build()
    bundle = project.link(report, "DependsFunction", tmp_path / "depends")
    hello = project.link(report, "HelloFunction", tmp_path / "hello")

    response = invoke(bundle, "/depends")

    assert (response["status"], json.loads(response["body"])) == (200, ["none", 3])
    names = {"dependencies.py", "decorated.py", "offload.py"}
    has_loop = statement != "pass"
    assert {each.name for each in (bundle / "edgeroutes/runtime").iterdir()} & names == names - (
        set() if has_loop else {"offload.py"}
    )
    assert not {each.name for each in (hello / "edgeroutes/runtime").iterdir()} & names


GUARDED = f"""
from typing import Annotated
from edgeroutes.auth import Caller, api_key, require
from edgeroutes.idempotency import Idempotency
from edgeroutes.ratelimit import RateLimit
auth = api_key({{"shop": "sha256:{hashlib.sha256(b"a key").hexdigest()}"}})
limit = RateLimit("5/minute", key="caller")
idempotent = Idempotency()

def GET(user: Caller):
    return user.subject

def POST(user: Annotated[Caller, require(role="admin")]):
    return user.subject
"""


def test_a_bundle_has_what_its_guards_need_and_others_have_nothing_of_them(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": "[tool.edgeroutes]\n",
        "functions/guarded/route.py": GUARDED,
        "functions/hello/route.py": HELLO,
    }
    project = make_project(tmp_path, files)
    report = project.build()
    bundle = project.link(report, "GuardedFunction", tmp_path / "guarded")
    hello = project.link(report, "HelloFunction", tmp_path / "hello")
    key = {"x-api-key": "a key"}

    responses = [
        invoke(bundle, "/guarded", headers=key),
        invoke(bundle, "/guarded"),
        invoke(bundle, "/guarded", headers={"x-api-key": "another"}),
        invoke(bundle, "/guarded", "POST", "", headers={**key, "idempotency-key": "k"}),
    ]

    assert [each["status"] for each in responses] == [200, 401, 401, 403]
    assert (responses[0]["body"], responses[0]["headers"]["ratelimit"]) == ("shop", ['"default";r=4;t=12'])
    assert not (hello / "edgeroutes/guards").exists()


@pytest.mark.parametrize(
    ("source", "verifies_tokens"),
    [
        (GUARDED, False),
        ("from edgeroutes.auth import bearer\nauth = bearer('https://id.example', 'shop')\ndef GET(): ...\n", True),
        ("from edgeroutes import auth as schemes\nauth = schemes.cognito('P', client_id='c')\ndef GET(): ...\n", True),
    ],
)
def test_only_routes_that_verify_tokens_reach_joserfc(tmp_path: Path, source: str, verifies_tokens: bool) -> None:
    (tmp_path / "route.py").write_text(source)
    graph = Tracer(SearchPath(project_root=tmp_path)).trace([Path("route.py")])

    assert (
        "joserfc" in {each.distribution for each in graph.skipped}
    ) is verifies_tokens  # what edgeroutes' own functions import


def features(root: Path, files: dict[str, str]) -> dict[str, frozenset[str]]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return feature_names(pipeline.plan_project(root).functions, Tracer(SearchPath(project_root=root)))


def test_a_name_shows_that_code_counts_by_itself(tmp_path: Path) -> None:
    found = features(
        tmp_path,
        {
            "functions/a/route.py": "from lib.counts import count\nasync def POST():\n    await count()\n",
            "functions/b/route.py": (
                "from edgeroutes.ratelimit import RateLimit\nlimit = RateLimit('1/day', at='gateway')\ndef GET(): ...\n"
            ),
            "functions/c/route.py": "def GET():\n    return {}\n",
            "lib/counts.py": "from edgeroutes.ratelimit import RateLimit\nasync def count():\n    await RateLimit('1/day').hit('k')\n",
        },
    )
    assert found == {
        "AFunction": frozenset({"ratelimit", "hit"}),
        "BFunction": frozenset({"ratelimit"}),
        "CFunction": frozenset(),
    }
