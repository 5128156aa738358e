"""Whether a project's template.yaml is current and can be deployed; each `sam build` checks it once.

The result is cached until a file changes. cfn-lint runs in its own process, beside the build.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from edgeroutes.build.stamps import StampRecord
from edgeroutes.cli.aws_settings import find_region
from edgeroutes.config import load_config
from edgeroutes.errors import ConfigError, ProjectError, require_no_problems
from edgeroutes.names import TEMPLATE_FILE
from edgeroutes.pipeline import check_template, is_generated, lint_project, read_template
from edgeroutes.template.cdn import warn_region
from edgeroutes.template.lint import can_lint

RECORD = ".edgeroutes/template.json"
DEFAULT_REGION = "us-east-1"


class TemplateCheck:
    """One check of a project. After `start`, call `finish` or `close`.

    Args:
        root: The project's folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._record = StampRecord(root / RECORD)
        self._linter: subprocess.Popen[str] | None = None
        self._warnings: list[str] = []
        self._inputs: tuple[set[Path], set[Path]] | None = None

    def start(self) -> None:
        """Compare template.yaml with the project; a file that edgeroutes did not generate is not checked.

        Raises:
            ConfigError: It is not current.
            ProjectError: For all problems of the project.
        """
        if not is_generated(self._root / TEMPLATE_FILE):
            return
        known: list[str] | None = self._record.read()
        if known is not None:
            self._warnings = known
            return
        self._linter = _start_linter(self._root) if can_lint() else None
        try:
            template, files, folders = read_template(self._root)
            require_no_problems(_stale(self._root, template.text))
        except BaseException:
            self.close()
            raise
        region = warn_region(load_config(self._root), lint_region(self._root))
        self._warnings = [str(warning) for warning in (*template.warnings, *region)]
        self._inputs = files, folders

    def finish(self) -> list[str]:
        """The warnings.

        Raises:
            ConfigError: For what a deploy would refuse; ProblemsError for several.
        """
        linter, self._linter = self._linter, None
        if linter is not None:
            output, errors = linter.communicate()
            if linter.returncode:
                last = next(iter(errors.strip().splitlines()[-1:]), "")
                self._warnings.append(
                    f"cfn-lint could not run, so nobody knows whether a deploy takes function.yaml and infra/: {last}"
                )
                return self._warnings
            found = json.loads(output)
            require_no_problems([ConfigError(**each) for each in found["problems"]])
            self._warnings += found["warnings"]
        if self._inputs is not None:
            files, folders = self._inputs
            self._record.write(self._warnings, files, folders)
        return self._warnings

    def close(self) -> None:
        """End the linter."""
        linter, self._linter = self._linter, None
        if linter is not None:
            linter.kill()
            linter.communicate()


def _stale(root: Path, text: str) -> list[ProjectError]:
    if not check_template(root, text):
        return []
    problem = "the file is not current: routes, settings or infra/ have changed since it was written"
    return [ConfigError(problem, where=TEMPLATE_FILE, hint="Run 'edgeroutes template', and build again")]


def lint_region(root: Path) -> str:
    """The region whose resource types are valid."""
    return find_region(os.environ, root).partition(",")[0] or DEFAULT_REGION


def _start_linter(root: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-P", "-m", "edgeroutes.cli.template_check", str(root)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603


def _print_findings(root: Path) -> None:
    found = lint_project(root, lint_region(root))
    problems: list[dict[str, Any]] = [
        {"problem": each.problem, "where": each.where, "hint": each.hint} for each in found.problems
    ]
    print(json.dumps({"problems": problems, "warnings": [str(each) for each in found.warnings]}))


if __name__ == "__main__":
    _print_findings(Path(sys.argv[1]))
