"""`edgeroutes template`: write template.yaml, or check that it is current."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from edgeroutes.cli import DONE, REFUSED
from edgeroutes.cli.output import problem_document
from edgeroutes.cli.template_check import lint_region
from edgeroutes.config import load_config
from edgeroutes.names import TEMPLATE_FILE
from edgeroutes.pipeline import check_template, lint_project, project_template, write_template
from edgeroutes.template.cdn import warn_region
from edgeroutes.template.lint import LintFindings, can_lint

if TYPE_CHECKING:
    from pathlib import Path

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
