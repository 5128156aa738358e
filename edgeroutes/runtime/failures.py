"""Uncaught exceptions: a line in the log, and a 500 without details; and failed imports of route files, with the line to fix.

Loaded when it happens.
"""

from __future__ import annotations

import sys
import traceback

from edgeroutes.errors import ExportMissingError, ImportRaisedError, ModuleMissingError, ResponseTooLargeError
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.problem import problem_response
from edgeroutes.runtime.log import log_exception
from edgeroutes.runtime.loop import explain_missing_loop

_ENDS = 10

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from edgeroutes.errors import RouteImportError
    from edgeroutes.http.response import Response
    from edgeroutes.runtime.application import Call

    Frame = TypeVar("Frame")


def failure_response(error: BaseException, call: Call, debug_root: str) -> Response:
    """Log the exception and give the response for it.

    Args:
        error: What was raised.
        call: The request.
        debug_root: The project's folder in `dev`, where the response describes the exception; empty elsewhere.
    """
    incoming = call.incoming
    error = _log(error, call, "failed")
    if not debug_root:
        return problem_response(HTTPError(500), instance=incoming.path, request_id=incoming.request_id)
    detail = HTTPError(500, f"{type(error).__name__}: {error}")
    return problem_response(
        detail, instance=incoming.path, request_id=incoming.request_id, traceback=_trimmed_traceback(error, debug_root)
    )


def log_broken_stream(error: BaseException, call: Call, how: str = "failed while it streamed") -> None:
    """Log an error of a running stream: the headers have been sent, so the client cannot get it."""
    _log(error, call, how)


def _log(error: BaseException, call: Call, how: str) -> BaseException:
    """What was raised, explained where it means that there is no event loop."""
    error = call.failure = error if call.needs_loop else explain_missing_loop(error)
    route_path = call.route.route_path if call.route is not None else ""
    fields = {}
    if isinstance(error, ResponseTooLargeError):
        how = f"{how}: {error}"
        fields = {"size_bytes": error.size_bytes, "limit_bytes": error.limit_bytes}
    log_exception(error, f"{call.incoming.method} {route_path} {how}", call.incoming, route=route_path, **fields)
    return error


def _trimmed_traceback(error: BaseException, root: str) -> list[str]:
    """The author's own lines of a traceback, outermost first: `functions/users/route.py:12 in GET: x = 1 / 0`."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if is_own_file(frame.filename, root)]
    if not frames and error.__cause__ is not None:  # ours, raised from the author's
        return _trimmed_traceback(error.__cause__, root)
    places = [f"{frame.filename.removeprefix(f'{root}/')}:{frame.lineno}" for frame in frames]
    lines = [f"{place} in {frame.name}: {frame.line}" for place, frame in zip(places, frames, strict=True)]
    outermost, left_out, innermost = both_ends(lines)
    return [*outermost, *([f"… {left_out} more"] if left_out else []), *innermost]


def both_ends(frames: list[Frame]) -> tuple[list[Frame], int, list[Frame]]:
    """The outermost frames, how many are left out, and the innermost: an endless recursion has a thousand equal ones."""
    if len(frames) <= 2 * _ENDS:
        return frames, 0, []
    return frames[:_ENDS], len(frames) - 2 * _ENDS, frames[-_ENDS:]


def import_error(error: BaseException, root: str, source_file: str) -> RouteImportError:
    """The error for a failed import, with the line to fix."""
    where = _import_place(error, root, source_file)
    if isinstance(error, ModuleNotFoundError) and error.name:
        hint = f"Install the distribution that has {error.name!r} and declare it, or correct the name"
        package, _, below = error.name.rpartition(".")
        if below and package in sys.modules:
            hint = _close_name(below, package) or "Correct the name, or create it there"
        return ModuleMissingError(f"the module {error.name!r} is not there", where=where, hint=hint)
    if isinstance(error, ImportError) and error.msg.startswith("cannot import name"):
        name = error.msg.split("'")[1]
        hint = _close_name(name, error.name or "") or "Correct the name, or define it there"
        if "circular import" in error.msg:
            hint = "The two import each other: move what both need into a third module"
        return ExportMissingError(f"the module {error.name!r} has no {name!r}", where=where, hint=hint)
    if isinstance(error, SyntaxError):
        return ImportRaisedError(f"syntax error: {error.msg}", where=where)
    if isinstance(error, SystemExit):
        hint = (
            "A function has no command line: keep argparse, click and sys.exit() under 'if __name__ == \"__main__\":'"
        )
        return ImportRaisedError(f"the file ended the process at import ({error!r})", where=where, hint=hint)
    return ImportRaisedError(f"{type(error).__name__} was raised while it was imported: {error}", where=where)


def _close_name(name: str, module: str) -> str:
    """The hint that names what a module has and is spelt almost like `name`; nothing where there is none."""
    from difflib import get_close_matches

    near = get_close_matches(name, dir(sys.modules.get(module)), n=1)
    return f"Did you mean {near[0]!r}" if near else ""


def _import_place(error: BaseException, root: str, source_file: str) -> str:
    """`file:line` of the innermost frame in the project's own files, or of a syntax error."""
    if isinstance(error, SyntaxError) and error.filename and is_own_file(error.filename, root):
        return f"{error.filename.removeprefix(f'{root}/')}:{error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if is_own_file(frame.filename, root)]
    return f"{frames[-1].filename.removeprefix(f'{root}/')}:{frames[-1].lineno}" if frames else source_file


def is_own_file(path: str, root: str) -> bool:
    """Whether a file is the author's: in the project, and in no environment inside it."""
    is_below = path.startswith(f"{root}/") and not path.startswith(f"{root}/edgeroutes/")
    return is_below and "/site-packages/" not in path
