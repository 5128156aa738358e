"""The command line. Only this package prints."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

BEGAN = time.perf_counter()
DONE, REFUSED, OUR_BUG, INTERRUPTED = 0, 1, 70, 130
# Modules of the extra `dev`.
_EXTRA = frozenset({"click", "dotenv", "packaging", "uvicorn", "watchfiles", "yaml"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code: 0 done, 1 refused, 2 wrong usage, 70 a bug of edgeroutes, 130 interrupted.

    Args:
        arguments: Without the program's name; by default those of the process.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        if given[:1] == ["bundle"]:  # `sam build` runs it for each function, so it loads nothing of the other commands
            from edgeroutes.cli.build import run_bundle

            return run_bundle(given[1:])
        from edgeroutes.cli.app import run

        return run(given)
    except KeyboardInterrupt:  # while the command loads
        return INTERRUPTED
    except ModuleNotFoundError as error:
        if not is_of_extra(error):
            raise
        from edgeroutes.errors import ToolError

        hint = "Run pip install 'edgeroutes[dev]'"
        print(ToolError(f"the module {error.name!r} is not installed", where="edgeroutes", hint=hint), file=sys.stderr)
        return REFUSED


def is_of_extra(error: ModuleNotFoundError) -> bool:
    """Whether the missing module comes with the extra `dev`."""
    return (error.name or "").partition(".")[0] in _EXTRA
