"""docs/uploads.md is a project: its files and its tests, run by pytest."""

from __future__ import annotations

import re
from pathlib import Path

from tests.testing.projects import outcome, run_pytest, write_project

PAGE = Path(__file__).parents[2] / "docs" / "uploads.md"


def test_every_file_of_the_page_is_one_project_whose_tests_pass(tmp_path: Path) -> None:
    blocks = re.findall(r"^```\w+\n(?:#|//) (\S+)\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert [name for name, _ in blocks] == [
        "functions/photos/route.py",
        "infra/photos.yaml",
        "public/upload.js",
        "tests/test_names.py",
        "tests/test_photos.py",
    ]
    done = run_pytest(write_project(tmp_path, dict(blocks)))
    assert outcome(done) == "4 passed", done.stdout
