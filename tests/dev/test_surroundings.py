"""What functions find around them while requests are answered."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.dev.serving import serving, until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

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


def test_what_is_wrong_with_function_yaml_is_told_and_mended(tmp_path: Path) -> None:
    with serving(tmp_path, {**FILES, "functions/users/function.yaml": "MemorySizes: 5\n"}) as served:
        answer = served.get("/posts")
        assert (answer.status_code, "functions/users/function.yaml:1" in answer.text) == (500, True)
        served.saved({"functions/users/function.yaml": FILES["functions/users/function.yaml"]})
        assert served.get("/posts").json()["TABLE"] == "posts"
