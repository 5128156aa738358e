"""What nobody caught: a line in the log, and a 500 that says nothing of it.

Request wing, floor 2; loaded when it happens.
"""

from __future__ import annotations

import traceback

from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.problem import problem_response
from edgeroutes.runtime.loader import is_own_file
from edgeroutes.runtime.log import log_exception

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edgeroutes.http.response import Response
    from edgeroutes.types import Incoming


def failure_response(error: BaseException, incoming: Incoming, route_path: str, debug_root: str) -> Response:
    """Log the exception and give the answer for it.

    Args:
        error: What was raised.
        incoming: The request.
        route_path: Of the route that raised it.
        debug_root: The project's folder in `dev`, where the answer says what happened; empty elsewhere.
    """
    log_exception(error, f"{incoming.method} {route_path} failed", incoming, route=route_path)
    if not debug_root:
        return problem_response(HTTPError(500), instance=incoming.path, request_id=incoming.request_id)
    detail = HTTPError(500, f"{type(error).__name__}: {error}")
    return problem_response(
        detail, instance=incoming.path, request_id=incoming.request_id, traceback=trimmed_traceback(error, debug_root)
    )


def trimmed_traceback(error: BaseException, root: str) -> list[str]:
    """The author's own lines of a traceback, outermost first: `functions/users/route.py:12 in GET: x = 1 / 0`."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if is_own_file(frame.filename, root)]
    if not frames and error.__cause__ is not None:  # ours, raised from the author's
        return trimmed_traceback(error.__cause__, root)
    places = [f"{frame.filename.removeprefix(f'{root}/')}:{frame.lineno}" for frame in frames]
    return [f"{place} in {frame.name}: {frame.line}" for place, frame in zip(places, frames, strict=True)]
