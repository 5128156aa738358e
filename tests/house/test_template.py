"""The committed template is what the project makes now."""

from __future__ import annotations

from pathlib import Path

from edgeroutes.names import TEMPLATE_FILE
from edgeroutes.pipeline import check_template, project_template

ROOT = Path(__file__).parents[2]


def test_the_committed_template_is_current() -> None:
    assert (ROOT / TEMPLATE_FILE).is_file()
    assert check_template(ROOT, project_template(ROOT).text) == []
