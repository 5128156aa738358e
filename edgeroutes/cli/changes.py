"""Changes of a project's files by `init` and `new`: planned as values, then written, then printed."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from edgeroutes.errors import EdgeroutesError, ProblemsError, ToolError
from edgeroutes.names import TEMPLATE_FILE
from edgeroutes.pipeline import is_generated, project_template, write_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_SKELETON = Path(__file__).with_name("skeleton")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A file of the project after the change.

    Args:
        path: Relative to the project's folder.
        text: The whole file.
        adds: What an existing file gets, for people; empty for a new one.
        about: A note on a new one, printed beside its name.
    """

    path: str
    text: str
    adds: str = ""
    about: str = ""


def read_skeleton(name: str, values: Mapping[str, str] | None = None) -> str:
    """A file of the skeleton, with values in the place of `$name`; without values as it is."""
    text = (_SKELETON / name).read_text("utf-8")
    return text if values is None else Template(text).safe_substitute(values)


def write_changes(root: Path, changes: Iterable[Change]) -> None:
    """Write them; a file that is new to its Change is never overwritten."""
    for change in changes:
        path = root / change.path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w" if change.adds else "x", encoding="utf-8", newline="\n") as file:
                file.write(change.text)
        except OSError as error:
            problem = f"the file cannot be written: {error.strerror or error}"
            raise ToolError(problem, where=str(path), hint="Free space, or make the folder writable") from error


def has_own_template(root: Path) -> bool:
    """Whether template.yaml is the user's own; `init` and `new` do not change it then."""
    path = root / TEMPLATE_FILE
    return path.is_file() and not is_generated(path)


def refresh_template(root: Path) -> tuple[str, Sequence[EdgeroutesError]]:
    """Bring template.yaml up to date; what happened to it, or the problems."""
    if has_own_template(root):
        problem = "edgeroutes did not generate this file, and leaves it as it is"
        hint = "Move its resources to infra/, delete the file, and run 'edgeroutes template'"
        return "", [ToolError(problem, where=TEMPLATE_FILE, hint=hint)]
    try:
        is_written = write_template(root, project_template(root).text)
    except EdgeroutesError as error:
        return "", error.problems if isinstance(error, ProblemsError) else [error]
    return ("written" if is_written else "current"), ()


def print_changes(changes: Sequence[Change], *, template: str = "") -> None:
    rows = [(change.path, f"+ {change.adds}" if change.adds else change.about) for change in changes]
    if template:
        rows.append((TEMPLATE_FILE, template))
    width = max((len(path) for path, _ in rows), default=0)
    for path, what in rows:
        print(f"  {path:{width}}  {what}".rstrip())


def print_notes(notes: Iterable[str], problems: Iterable[EdgeroutesError]) -> None:
    for note in notes:
        print(f"note: {note}.", file=sys.stderr)
    for problem in problems:
        print(problem, file=sys.stderr)
