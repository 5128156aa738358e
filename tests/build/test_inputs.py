"""Whether anything that a build read has changed since."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import edgeroutes
from edgeroutes.build.session import is_unchanged, record_inputs
from edgeroutes.build.store import Store

if TYPE_CHECKING:
    import pytest

CODE = """
import sys
from pathlib import Path
from edgeroutes.build.session import is_unchanged, record_inputs
from edgeroutes.build.store import Store
store = Store(Path(sys.argv[1]))
if sys.argv[2] == "record":
    store.folder.mkdir()
    record_inputs(store, [], [], started_ns=2**63)
print(is_unchanged(store))
"""


def test_other_code_of_edgeroutes_itself_builds_anew_though_its_version_is_the_same(tmp_path: Path) -> None:
    package = tmp_path / "edgeroutes"
    shutil.copytree(Path(edgeroutes.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))

    def ask(action: str) -> str:
        command = (sys.executable, "-B", "-c", CODE, str(tmp_path / "store"), action)
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    assert (ask("record"), ask("look")) == ("True", "True")
    own_parts = package / "build/own_parts.py"
    own_parts.write_text(own_parts.read_text() + "\n# another rule\n")
    assert ask("look") == "False"


def test_another_index_in_the_environment_builds_anew_and_another_token_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    monkeypatch.setenv("UV_INDEX_URL", "https://user:one@index.example/simple")
    record_inputs(store, [], [], started_ns=2**63)
    assert is_unchanged(store)
    monkeypatch.setenv("UV_INDEX_URL", "https://user:two@index.example/simple")
    assert is_unchanged(store)
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://other.example/simple")
    assert not is_unchanged(store)
