"""Projects of a few lines, planned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeroutes.config import parse_config
from edgeroutes.errors import ProblemsError, ProjectError
from edgeroutes.plan.project import make_plan
from edgeroutes.routing.scan import scan
from tests.fakes.file_tree import FakeFileTree

if TYPE_CHECKING:
    from edgeroutes.plan.cloudformation import Infra
    from edgeroutes.plan.model import FunctionPlan, ProjectPlan

HANDLER = "def GET():\n    return {}\n"
STREAM = "streaming = True\n" + HANDLER


def plan(files: dict[str, str], infra: Infra | None = None, /, **settings: object) -> ProjectPlan:
    """The plan of a project whose files are given by their path below functions/; '' is a plain route."""
    texts = {f"functions/{path}": text or ("" if path.endswith("yaml") else HANDLER) for path, text in files.items()}
    texts = texts or {"functions/_nothing/here.py": ""}
    config = parse_config(settings)
    return make_plan(config, scan(FakeFileTree(texts)), texts, infra)


def functions(files: dict[str, str], **settings: object) -> dict[str, FunctionPlan]:
    return {function.logical_id: function for function in plan(files, **settings).functions}


def problems(files: dict[str, str], **settings: object) -> list[str]:
    """What is wrong with a project."""
    with pytest.raises(ProjectError) as caught:
        plan(files, **settings)
    error = caught.value
    return [str(problem) for problem in (error.problems if isinstance(error, ProblemsError) else (error,))]
