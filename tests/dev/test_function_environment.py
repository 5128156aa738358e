"""The environment of functions during a request."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from edgeroutes.dev.function_environment import Environment, FunctionVariables, LateVariables
from edgeroutes.errors import ConfigError
from tests.dev.serving import serving, until, write_files

if TYPE_CHECKING:
    from pathlib import Path


READS = "import os\n\ndef GET():\n    return {name: os.environ.get(name) for name in ('TABLE', 'OWN', 'MODE')}\n"
FILES = {
    "pyproject.toml": '[tool.edgeroutes.env]\nMODE = "all"\n',
    "users": READS,
    "functions/users/function.yaml": "Environment: {Variables: {TABLE: users, OWN: mine}}\n",
    "posts": READS,
    "functions/posts/function.yaml": "Environment: {Variables: {TABLE: posts, MODE: own}}\n",
}


def test_each_route_runs_with_its_own_functions_variables(tmp_path: Path) -> None:
    with serving(tmp_path, FILES) as served:
        found = [served.get(path).json() for path in ("/users", "/posts")]
        assert found == [
            {"TABLE": "users", "OWN": "mine", "MODE": "all"},
            {"TABLE": "posts", "OWN": None, "MODE": "own"},
        ]
        served.saved({"functions/users/function.yaml": "Environment: {Variables: {TABLE: members}}\n"})
        assert served.get("/users").json() == {"TABLE": "members", "OWN": None, "MODE": "all"}
        assert served.told.logged == []


def test_dotenv_wins_over_a_functions_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TABLE", "OWN", "MODE"):  # which the server puts in, and monkeypatch takes out again
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    with serving(tmp_path, {**FILES, ".env.local": "TABLE=local\n"}, environ=os.environ) as served:
        assert [served.get(path).json()["TABLE"] for path in ("/users", "/posts")] == ["local", "local"]


def test_a_shared_module_that_keeps_what_differs_is_warned_of_once(tmp_path: Path) -> None:
    keeps = "from lib.db import TABLE\n\ndef GET():\n    return TABLE\n"
    files = {**FILES, "users": keeps, "posts": keeps, "lib/db.py": "import os\n\nTABLE = os.environ['TABLE']\n"}
    with serving(tmp_path, files) as served:
        assert [served.get(path).text for path in ("/users", "/users", "/posts")] == ["users", "users", "users"]
        (warned,) = until(lambda: served.told.logged, "the warning")
        assert warned.message == (
            "lib/db.py:3 reads TABLE while it is imported, and functions differ in it ('posts' for PostsFunction, 'users' for"
            " UsersFunction). Here they share the module, and so the first one's value. Read it inside a function"
        )


class ResolvingEnvironment:
    """A `LateEnvironment` that resolves all variables when TABLE is waited for."""

    def __init__(self) -> None:
        self.is_ready = False

    def has_value(self, name: str) -> bool:
        return False

    def wait_for(self, route: object, name: str | None, reason: str) -> None:
        self.is_ready = self.is_ready or name == "TABLE"

    def variables_of(self, route: object, *, loading: bool) -> FunctionVariables:
        table = "new" if self.is_ready else "old"
        return FunctionVariables(own={"TABLE": table, "MODE": "given", "OWN": "given"})


def test_a_request_that_waits_gets_the_new_value_and_what_its_handler_has_changed() -> None:
    variables = LateVariables(ResolvingEnvironment(), None, loading=False)
    early = variables.for_name("AWS_REGION")
    assert early is not None
    early.own["MODE"] = "changed"
    del early.own["OWN"]
    late = variables.for_name("TABLE")
    assert late is not None
    assert late.own == {"TABLE": "new", "MODE": "changed"}


@pytest.mark.parametrize(
    ("text", "line"),
    [("MemorySizes: 5\n", 1), ("MemorySize: 128\nEnvironment: {Variables: [}\n", 2), ("Timeout: 5000\n", 1)],
)
def test_a_mistake_in_a_function_yaml_breaks_its_routes_alone(tmp_path: Path, text: str, line: int) -> None:
    with serving(tmp_path, {**FILES, "functions/users/function.yaml": text}) as served:
        users = until(lambda: (found := served.get("/users")).status_code == 500 and found)
        assert f"functions/users/function.yaml:{line}: " in users.json()["detail"]
        assert served.get("/posts").json() == {"TABLE": "posts", "OWN": None, "MODE": "own"}
        served.saved({"new": READS, "functions/new/function.yaml": "Environment: {Variables: {TABLE: new}}\n"})
        assert served.get("/new").json()["TABLE"] == "new"
        served.saved({"functions/users/function.yaml": FILES["functions/users/function.yaml"]})
        assert served.get("/users").json()["TABLE"] == "users"


def test_a_variable_of_cors_that_is_not_set_breaks_its_route_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGES", "")
    monkeypatch.delenv("PAGES")
    allows = "from edgeroutes import CORS\n\ncors = CORS('env:PAGES')\n\n\ndef GET():\n    return 'page'\n"
    page = {"origin": "https://page.example", "sec-fetch-site": "cross-site"}
    with serving(tmp_path, {"page": allows, "hello": "def GET():\n    return 'hello'\n"}, environ=os.environ) as served:
        broken = served.get("/page")
        assert (broken.status_code, served.get("/hello").text) == (500, "hello")
        assert broken.json()["detail"].startswith(
            "functions/page/route.py:3: the environment variable PAGES is not set."
        )
        served.saved({".env": "PAGES=https://page.example\n"})
        assert served.get("/page", headers=page).headers["access-control-allow-origin"] == "https://page.example"


def test_an_origin_of_a_functions_own_environment_counts(tmp_path: Path) -> None:
    files = {
        "page": "from edgeroutes import CORS\n\ncors = CORS('env:PAGES')\n\n\ndef GET():\n    return 'page'\n",
        "functions/page/function.yaml": "Environment: {Variables: {PAGES: 'https://page.example'}}\n",
    }
    page = {"origin": "https://page.example", "sec-fetch-site": "cross-site"}
    with serving(tmp_path, files) as served:
        assert served.get("/page", headers=page).headers["access-control-allow-origin"] == "https://page.example"


def test_what_was_there_wins_over_env_local_that_over_env_and_that_over_the_settings(tmp_path: Path) -> None:
    write_files(tmp_path, {".env": "A=env\nB=env\nC=env\n", ".env.local": "A=local\nB=local\n"})
    environ = {"A": "before"}
    Environment(tmp_path, environ).load({"A": "settings", "C": "settings", "D": "settings"})
    assert environ == {"A": "before", "B": "local", "C": "env", "D": "settings"}


def test_what_the_files_no_longer_say_is_taken_out_again(tmp_path: Path) -> None:
    write_files(tmp_path, {".env": "A=1\nB=1\n"})
    environ = {"KEPT": "1"}
    environment = Environment(tmp_path, environ)
    environment.load({})
    environ["B"] = "set by the handler"
    write_files(tmp_path, {".env": "C=${A}2\n"})
    environment.load({})
    assert environ == {"KEPT": "1", "B": "set by the handler", "C": "2"}


def test_quotes_comments_and_export_are_read_as_dotenv_reads_them(tmp_path: Path) -> None:
    write_files(tmp_path, {".env": "# a comment\nexport A='x y' # why\nB=\"1\\n2\"\nEMPTY=\nNO_VALUE\n"})
    environ: dict[str, str] = {}
    Environment(tmp_path, environ).load({})
    assert environ == {"A": "x y", "B": "1\n2", "EMPTY": ""}


def test_a_file_that_is_not_text_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / ".env.local").write_bytes(b"A=\xff\xfe")
    with pytest.raises(ConfigError, match=r"^\.env\.local:1: byte 0xff is not UTF-8"):
        Environment(tmp_path, {}).load({})


def test_a_changed_variable_reaches_the_next_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.delenv("EDGEROUTES_TEST_GREETING", raising=False)
    files = {
        ".env": "EDGEROUTES_TEST_GREETING=hello\n",
        "greet": "import os\nGREETING = os.environ['EDGEROUTES_TEST_GREETING']\n\ndef GET():\n    return GREETING\n",
    }
    with serving(tmp_path, files, environ=os.environ) as served:
        before = served.get("/greet").text
        served.saved({".env.local": "EDGEROUTES_TEST_GREETING=servus\n"})
        assert (before, served.get("/greet").text) == ("hello", "servus")
    monkeypatch.delenv("EDGEROUTES_TEST_GREETING", raising=False)
