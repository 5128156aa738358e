"""Type checking of every file under functions/, by mypy. Roof; knows no runtime.

mypy names a file after its folders where it can, and those of `[id]`, `(group)` or `rss.xml` are no names: two `route.py` are then one
"duplicate module". Here each file is given its name, the same by which the runtime loads it, in one build: imports between the files,
relative ones too, are followed. All settings are the project's own, from its mypy configuration.

Run as `python -m edgeroutes.cli.typecheck [PROJECT]`. Source: mypy 1.15 to 2.4, `mypy.main.process_options` and `mypy.build`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edgeroutes.config import load_config
from edgeroutes.errors import EdgeroutesError, ProjectError, ToolError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy.modulefinder import BuildSource

# Stands for a dot inside a folder's name, as in `runtime/loader.py`.
_DOT = "\u2024"


def module_name(file: Path) -> str:
    """The name under which a file of the project is checked.

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
    """Every Python file below the folder of the routes, relative to `root`: routes, middleware, what lies beside them, `_private`."""
    found = (file.relative_to(root) for file in (root / app_dir).rglob("*.py"))
    return sorted(
        file for file in found if not any(part.startswith(".") or part == "__pycache__" for part in file.parts)
    )


def type_errors(root: Path, files: Sequence[Path]) -> list[str]:
    """What mypy says of the files and of what they import, a line each: `functions/x/route.py:3: error: …`.

    Its paths are relative to the working directory, which becomes `root`.

    Raises:
        ToolError: When mypy is not installed.
    """
    try:
        from mypy.build import build
        from mypy.errors import CompileError
        from mypy.main import process_options
        from mypy.modulefinder import BuildSource
    except ModuleNotFoundError as error:
        hint = "Add mypy to the project's development group"
        raise ToolError("mypy is not installed", where="type checking", hint=hint) from error
    os.chdir(root)
    # Any file will do: it keeps mypy from the targets that its configuration names.
    _, options = process_options([__file__])
    options.mypy_path = [*options.mypy_path, str(root)]
    sources: list[BuildSource] = [BuildSource(str(file), module_name(file), None) for file in files]
    try:
        return build(sources, options).errors
    except CompileError as error:
        return error.messages


def main(arguments: Sequence[str] = ()) -> int:
    """Check a project and print what is found.

    Args:
        arguments: The project's folder; none for this one.

    Returns:
        0 when nothing is wrong, 1 when something is.
    """
    root = Path(*arguments[:1]).resolve()
    try:
        files = source_files(root, load_config(root).app_dir)
        if not files:
            raise ProjectError("there is no Python file to check", where=str(root), hint="Name the project's folder")
        lines = type_errors(root, files)
    except EdgeroutesError as error:
        print(error, file=sys.stderr)
        return 1
    for line in lines:
        print(line)
    count = sum(": error: " in line for line in lines)
    print(
        f"Type errors: {count}, in {len(files)} files and what they import"
        if count
        else f"No type errors in {len(files)} files"
    )
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
