"""docs/testing.md is a project: its files and its tests, run by pytest."""

from __future__ import annotations

import re
from pathlib import Path

from tests.testing.projects import outcome, run_pytest, write_project

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"
_BLOCK = re.compile(r"^```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# (\S+/\S+)\n")


def test_every_snippet_of_the_page_runs_and_every_test_passes(tmp_path: Path) -> None:
    blocks = _BLOCK.findall(PAGE.read_text("utf-8"))
    named = [(_FILE.match(block), block) for block in blocks]
    files = {found[1]: block[found.end() :] for found, block in named if found}
    assert len(files) == len(blocks)  # there is no snippet that is not run
    tests = sum(block.count("\ndef test_") for block in blocks) + 5  # one of them runs through six adapters
    root = write_project(tmp_path, {**files, "infra/parameters.yaml": "Parameters: {MailFrom: {Type: String}}\n"})
    done = run_pytest(root)
    assert outcome(done) == f"{tests} passed", done.stdout
