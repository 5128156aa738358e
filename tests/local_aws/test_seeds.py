"""infra/seed/, read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeroutes.errors import ConfigError, ProblemsError
from edgeroutes.local_aws.seeds import Seed, read_seeds

if TYPE_CHECKING:
    from pathlib import Path


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_yaml_and_json_are_read_with_their_lines(tmp_path: Path) -> None:
    files = {
        "infra/seed/a.yaml": "# people\nUsers:\n  - {id: '1', name: Ada}\n",
        "infra/seed/b.json": '{\n  "Key": {"a": 1.5}\n}',
        "infra/seed/picture.png": "no seed",
    }
    folder = tmp_path / "infra" / "seed"
    assert read_seeds(write(tmp_path, files)) == {
        "Users": Seed(value=[{"id": "1", "name": "Ada"}], where="infra/seed/a.yaml:2", folder=folder),
        "Key": Seed(value={"a": 1.5}, where="infra/seed/b.json:2", folder=folder),
    }


def test_without_the_folder_there_are_none(tmp_path: Path) -> None:
    assert read_seeds(tmp_path) == {}


def test_two_files_for_one_resource_are_refused(tmp_path: Path) -> None:
    files = {"infra/seed/a.yaml": "Users: []\n", "infra/seed/b.yaml": "\nUsers: []\n"}
    with pytest.raises(ConfigError) as caught:
        read_seeds(write(tmp_path, files))
    assert str(caught.value) == (
        "infra/seed/b.yaml:2: 'Users' is in infra/seed/a.yaml:1, too. Keep what is in one resource in one file."
    )


def test_all_broken_files_are_told_at_once(tmp_path: Path) -> None:
    files = {"infra/seed/a.yaml": "a: [", "infra/seed/b.json": "[1]"}
    with pytest.raises(ProblemsError) as caught:
        read_seeds(write(tmp_path, files))
    assert [problem.where for problem in caught.value.problems] == ["infra/seed/a.yaml:1", "infra/seed/b.json:1"]


def test_a_file_beside_the_seed_is_read_and_one_that_is_not_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\x00")
    seed = Seed(value={}, where="infra/seed/a.yaml:1", folder=tmp_path)
    assert seed.read_file("a.bin") == b"\x00"
    with pytest.raises(ConfigError) as caught:
        seed.read_file("b.bin")
    assert str(caught.value) == ("infra/seed/a.yaml:1: there is no file 'b.bin'. Put it beside the seed.")
