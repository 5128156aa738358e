"""Projects of route files made for one test, and the lines that the runtime logs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.project import RouteProject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Callable[..., RouteProject]]:
    """Makes a project of route files; a text alone is the file of the route `/x`."""
    made: list[RouteProject] = []

    def make(files: Mapping[str, str] | str, **options: Any) -> RouteProject:
        root = tmp_path / f"project_{len(made)}"
        made.append(RouteProject(root, {"x/route.py": files} if isinstance(files, str) else files, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def log_lines(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    """Gives the log lines that were written since it was last asked."""

    def lines() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return lines
