"""`edgeroutes typecheck`: mypy for every Python file below the folder of the routes.

mypy names a module after its folders where it can. `[id]`, `(group)` and `rss.xml` are not valid module names, so two `route.py` become one
"duplicate module". Here each file gets the name under which the runtime loads it, and all are checked in one build, which follows imports
between them, relative ones included.

Source: mypy 1.15 to 2.4, `mypy.main.process_options` and `mypy.build`.
"""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING, Any

from edgeroutes.cli import DONE, REFUSED
from edgeroutes.config import load_config
from edgeroutes.errors import ProjectError, ToolError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# Stands for a dot inside a folder's name, as in `runtime/endpoint.py`.
_DOT = "\u2024"
_TEXT = re.compile(r"(.+?):(\d+)(?::\d+)?: (error|note): (.*?)(?:  \[([\w-]+)\])?")


def print_type_errors(root: Path, mypy_options: Sequence[str], *, as_json: bool) -> int:
    """Print the type errors of a project; 1 when there are any."""
    files = source_files(root, load_config(root).app_dir)
    if not files:
        raise ProjectError("there is no Python file to check", where=str(root), hint="Name the project's folder")
    lines = _run_mypy(root, files, mypy_options, as_json=as_json)
    if as_json:
        found = [_parsed(line) for line in lines]
        print(json.dumps({"files": len(files), "errors": found}, indent=2))
        return REFUSED if any(each["severity"] == "error" for each in found) else DONE
    for line in lines:
        print(line)
    count = sum(": error: " in line for line in lines)
    print(
        f"Type errors: {count}, in {len(files)} files and what they import"
        if count
        else f"No type errors in {len(files)} files"
    )
    return REFUSED if count else DONE


def _parsed(line: str) -> dict[str, Any]:
    """A message as mypy's JSON has it; mypy before 2.2 writes a syntax error as text in every case."""
    if line.startswith("{"):
        return json.loads(line)  # type: ignore[no-any-return]
    match = _TEXT.fullmatch(line)
    file, number, severity, message, code = match.groups() if match else ("", "0", "error", line, None)
    return {"file": file, "line": int(number), "message": message, "code": code, "severity": severity}


def module_name(file: Path) -> str:
    """The module name under which mypy checks a file of the project.

    Args:
        file: Relative to the project's folder.

    >>> module_name(Path("functions/users/[id]/route.py"))
    'functions.users.[id].route'
    """
    parts = [part.replace(".", _DOT) for part in file.with_suffix("").parts]
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts)


def source_files(root: Path, app_dir: str) -> list[Path]:
    """Every Python file below the folder of the routes, relative to `root`, private folders included."""
    found = (file.relative_to(root) for file in (root / app_dir).rglob("*.py"))
    return sorted(
        file for file in found if not any(part.startswith(".") or part == "__pycache__" for part in file.parts)
    )


def _run_mypy(root: Path, files: Sequence[Path], mypy_options: Sequence[str], *, as_json: bool) -> list[str]:
    """Mypy's messages: lines with paths relative to `root`, or JSON objects."""
    try:
        from mypy.build import build
        from mypy.errors import CompileError
        from mypy.main import process_options
        from mypy.modulefinder import BuildSource
    except ModuleNotFoundError as error:
        hint = "Add mypy to the project's development group"
        raise ToolError("mypy is not installed", where="type checking", hint=hint) from error
    with contextlib.chdir(root):
        # Any file: it replaces the targets of mypy's configuration.
        _, options = process_options([*mypy_options, __file__])
        options.mypy_path = [*options.mypy_path, str(root)]
        if as_json:
            options.output = "json"
        try:
            return build([BuildSource(str(file), module_name(file), None) for file in files], options).errors
        except CompileError as error:
            return error.messages
