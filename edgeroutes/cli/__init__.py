"""What a developer types. Roof: knows every room, and is the only one that prints."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

BEGAN = time.perf_counter()
DONE, REFUSED, OUR_BUG, INTERRUPTED = 0, 1, 70, 130
# What the extra `dev` brings.
_EXTRA = frozenset({"click", "dotenv", "rich", "packaging", "uvicorn", "watchfiles", "yaml"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code: 0 done, 1 refused, 2 used wrongly, 70 a bug of ours.

    Args:
        arguments: Without the program's name; those of the process by default.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        if given[:1] == ["bundle"]:  # which `sam build` runs for each function: without what the other commands load
            from edgeroutes.cli.build import run_bundle

            return run_bundle(given[1:])
        from edgeroutes.cli.app import run

        return run(given)
    except KeyboardInterrupt:  # while the command is still being loaded
        return INTERRUPTED
    except ModuleNotFoundError as error:
        if not is_of_extra(error):
            raise
        from edgeroutes.errors import ToolError

        hint = "Run pip install 'edgeroutes[dev]'"
        print(ToolError(f"the module {error.name!r} is not installed", where="edgeroutes", hint=hint), file=sys.stderr)
        return REFUSED


def is_of_extra(error: ModuleNotFoundError) -> bool:
    """Whether what is missing is what the extra `dev` brings."""
    return (error.name or "").partition(".")[0] in _EXTRA
