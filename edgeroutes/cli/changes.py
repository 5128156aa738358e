"""What `init` and `new` do to a project's files: decided as values, then written, then said. Roof."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from edgeroutes.errors import EdgeroutesError, ProblemsError, ToolError
from edgeroutes.pipeline import TEMPLATE_FILE, is_generated, project_template, write_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_SKELETON = Path(__file__).with_name("skeleton")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A file of the project, as it will be.

    Args:
        path: Below the project's folder.
        text: All of it.
        adds: What a file that is there already gets, for people; empty for a new one.
        about: What to say of a new one beside its name.
    """

    path: str
    text: str
    adds: str = ""
    about: str = ""


def read_skeleton(name: str, values: Mapping[str, str] | None = None) -> str:
    """A file that `init` brings, with these values in the places of `$name`; without values as it stands."""
    text = (_SKELETON / name).read_text("utf-8")
    return text if values is None else Template(text).safe_substitute(values)  # a console's '$ ' is none of them


def write_changes(root: Path, changes: Iterable[Change]) -> None:
    """Write them; a file that is new to its Change is never overwritten.

    Raises:
        ToolError: A file cannot be written, or has come to be in the meantime.
    """
    for change in changes:
        path = root / change.path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w" if change.adds else "x", encoding="utf-8", newline="\n") as file:
                file.write(change.text)
        except OSError as error:
            problem = f"the file cannot be written: {error.strerror or error}"
            raise ToolError(problem, where=str(path), hint="Make room for it, or let it be written") from error


def has_own_template(root: Path) -> bool:
    """Whether template.yaml is somebody's own, which `init` and `new` leave alone."""
    path = root / TEMPLATE_FILE
    return path.is_file() and not is_generated(path)


def refresh_template(root: Path) -> tuple[str, Sequence[EdgeroutesError]]:
    """What to say of template.yaml once it is brought up to date, or the problems that keep it from that."""
    if has_own_template(root):
        problem = "it is not one that edgeroutes has made, and was left as it is"
        hint = "Move its parts into infra/ and the file away, then run 'edgeroutes template'"
        return "", [ToolError(problem, where=TEMPLATE_FILE, hint=hint)]
    try:
        is_written = write_template(root, project_template(root).text)
    except EdgeroutesError as error:
        return "", error.problems if isinstance(error, ProblemsError) else [error]
    return ("is written" if is_written else "is current"), ()


def print_changes(changes: Sequence[Change], *, template: str = "") -> None:
    """One line a file: its name, and what it is or got."""
    rows = [(change.path, f"+ {change.adds}" if change.adds else change.about) for change in changes]
    if template:
        rows.append((TEMPLATE_FILE, template))
    width = max((len(path) for path, _ in rows), default=0)
    for path, what in rows:
        print(f"  {path:{width}}  {what}".rstrip())


def print_notes(notes: Iterable[str], problems: Iterable[EdgeroutesError]) -> None:
    """What is left to the author, on standard error."""
    for note in notes:
        print(f"note: {note}.", file=sys.stderr)
    for problem in problems:
        print(problem, file=sys.stderr)
