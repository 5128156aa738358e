from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeroutes.dev.environment import Environment
from edgeroutes.errors import ConfigError
from tests.dev.serving import serving, write_files

if TYPE_CHECKING:
    from pathlib import Path


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


def test_a_file_that_is_no_text_is_an_error_that_names_it(tmp_path: Path) -> None:
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
