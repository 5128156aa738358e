"""`edgeroutes template`: write template.yaml, or check that it is current."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeroutes.build.session import StampRecord
from edgeroutes.cli import DONE, REFUSED
from edgeroutes.cli.aws_settings import find_region
from edgeroutes.cli.output import problem_document
from edgeroutes.config import load_config
from edgeroutes.errors import ConfigError, ProjectError, require_no_problems
from edgeroutes.names import TEMPLATE_FILE
from edgeroutes.pipeline import (
    check_template,
    is_generated,
    lint_project,
    project_template,
    read_template,
    write_template,
)
from edgeroutes.template.cdn import warn_region
from edgeroutes.template.lint import LintFindings, can_lint

if TYPE_CHECKING:
    from edgeroutes.template.document import Template

_SHOWN_LINES = 40


def print_template(root: Path, *, check: bool, as_json: bool, strict: bool = False) -> int:
    """Bring template.yaml up to date, or with `check` only compare it; 1 when it differs, with `strict` also for warnings."""
    template = project_template(root)
    is_new = not (root / TEMPLATE_FILE).exists()
    differences = check_template(root, template.text)
    if not check and differences:
        write_template(root, template.text)
    is_stale = bool(check and differences)
    found = lint_project(root, lint_region(root)) if check and can_lint() else LintFindings()
    warnings = (*template.warnings, *warn_region(load_config(root), lint_region(root)), *found.warnings)
    code = REFUSED if is_stale or found.problems or (strict and warnings) else DONE
    if as_json:
        document = _document(template, is_current=not differences, is_written=bool(differences) and not check)
        findings = {
            "warnings": [*map(problem_document, warnings)],
            "problems": [*map(problem_document, found.problems)],
        }
        print(json.dumps({**document, **findings}))
        return code
    for problem in found.problems:
        print(problem, file=sys.stderr)
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if is_new and not check:
        for note in template.notes:
            print(f"note: {note}.", file=sys.stderr)
    if is_stale:
        _print_differences(differences)
    else:
        print(f"{TEMPLATE_FILE} {'written' if differences else 'is current'}: {_counts(template)}")
    return code


def _print_differences(differences: list[str]) -> None:
    for line in differences[:_SHOWN_LINES]:
        print(line)
    more = len(differences) - _SHOWN_LINES
    if more > 0:
        print(f"… and {more:,} more lines")
    print(f"{TEMPLATE_FILE}: the file is not current. Run 'edgeroutes template', and commit it.", file=sys.stderr)


def _counts(template: Template) -> str:
    per_function = template.stack_resources / template.functions
    return (
        f"{template.functions:,} functions, {template.api_resources:,} API resources, "
        f"{template.stack_resources:,} stack resources ({per_function:.1f} per function), {template.size_bytes:,} bytes"
    )


def _document(template: Template, *, is_current: bool, is_written: bool) -> dict[str, Any]:
    return {
        "file": TEMPLATE_FILE,
        "current": is_current or is_written,
        "written": is_written,
        "functions": template.functions,
        "api_resources": template.api_resources,
        "stack_resources": template.stack_resources,
        "bytes": template.size_bytes,
        "notes": [*template.notes],
    }


_RECORD = ".edgeroutes/template.json"
_DEFAULT_REGION = "us-east-1"


class TemplateCheck:
    """One check of a project. After `start`, call `finish` or `close`.

    Args:
        root: The project's folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._record = StampRecord(root / _RECORD)
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
    return find_region(os.environ, root).partition(",")[0] or _DEFAULT_REGION


def _start_linter(root: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-P", "-m", "edgeroutes.cli.template", str(root)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603


def _print_findings(root: Path) -> None:
    found = lint_project(root, lint_region(root))
    problems: list[dict[str, Any]] = [
        {"problem": each.problem, "where": each.where, "hint": each.hint} for each in found.problems
    ]
    print(json.dumps({"problems": problems, "warnings": [str(each) for each in found.warnings]}))


if __name__ == "__main__":
    _print_findings(Path(sys.argv[1]))
