"""One JSON line for what nobody caught. Loaded when something went wrong.

A line to stdout is a log event on Lambda, in its text and its JSON format alike, and is what Logs Insights can query. `dev` has a
human reader, and puts a writer of its own in place.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Mapping
    from contextvars import Context
    from typing import Any

    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.types import Incoming

    Writer = Callable[[str, str, Mapping[str, object], BaseException | None], None]

_writers: list[Writer] = []
_DEBUG = {"DEBUG", "TRACE"}
# Source: docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html; Powertools' Logger (read 2026-11-21).
_LEVEL_VARIABLES = ("AWS_LAMBDA_LOG_LEVEL", "POWERTOOLS_LOG_LEVEL")


def add_writer(writer: Writer) -> Callable[[], None]:
    """Have `writer(level, message, fields, error)` called instead of a line being written.

    Returns:
        What ends that; the writer before it, or the line, is back then.
    """
    _writers.append(writer)
    return lambda: _writers.remove(writer)


def current_writer() -> Writer | None:
    """What is called instead of a line being written, if anything."""
    return _writers[-1] if _writers else None


def log_exception(error: BaseException, message: str, incoming: Incoming | None = None, **fields: object) -> None:
    """Write one line with the exception, its traceback, and the request it belongs to.

    Args:
        error: What was raised.
        message: What edgeroutes was doing.
        incoming: The request, for its method, path and id.
        fields: More keys, such as `route`.
    """
    _mark_logged(error)
    if incoming is not None:
        fields = {**fields, "method": incoming.method, "path": incoming.path, "request_id": incoming.request_id}
    if _writers:
        _writers[-1]("ERROR", message, fields, error)
        return
    trace = "".join(traceback.format_exception(error))
    write_line("ERROR", message, **fields, exception_name=type(error).__name__, exception=trace)


def _mark_logged(error: BaseException) -> None:
    with suppress(AttributeError, TypeError):
        error._edgeroutes_is_logged = True  # type: ignore[attr-defined]  # noqa: SLF001  # our own mark


def _was_logged(error: BaseException) -> bool:
    """Whether `log_exception` was given this very exception."""
    return hasattr(error, "_edgeroutes_is_logged")


def log_warning(message: str, **fields: object) -> None:
    """Write one line that warns."""
    write_line("WARNING", message, **fields)


def log_debug(message: str, **fields: object) -> None:
    """Write one line at debug level: in `dev`, and where the function's log level is DEBUG."""
    if _writers or _DEBUG & {os.environ.get(name, "").upper() for name in _LEVEL_VARIABLES}:
        write_line("DEBUG", message, **fields)


def write_line(level: str, message: str, **fields: object) -> None:
    """Write one JSON line: level, message, timestamp (UTC, ISO 8601 with milliseconds), then `fields`."""
    if _writers:
        _writers[-1](level, message, fields, None)
        return
    now = time.time()
    stamp = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now))}.{int(now * 1000) % 1000:03}Z"
    line = json.dumps({"level": level, "message": message, "timestamp": stamp, **fields}, default=repr)
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def log_task_failure(_: AbstractEventLoop, found: dict[str, Any]) -> None:
    """Log what an event loop reports: an exception that nothing retrieved, in the place of asyncio's text traceback.

    Args:
        found: As asyncio describes it to an exception handler.
    """
    error = found.get("exception")
    task = found.get("task") or found.get("future")
    if isinstance(error, SystemExit | KeyboardInterrupt):
        return  # they stopped the loop, and `log_task_exit` logged them then
    name = _task_name(task)
    if error is None:
        write_line("ERROR", f"{found['message']}{f': {name}' if name else ''}")
        return
    # Since Python 3.12 this runs in the task's context; before, in that of whatever runs now.
    own_context = getattr(task, "get_context", None)
    _log_in_context(
        error, f"a task failed that nothing awaits: {name or found['message']}", own_context and own_context()
    )


def log_task_exit(error: BaseException) -> None:
    """Log the SystemExit or KeyboardInterrupt of a task, or of a callback of the loop, unless who awaited it has logged it."""
    if _was_logged(error):
        return
    _log_in_context(error, f"a task raised {error!r}, which would have ended the process", _callback_context(error))


def _log_in_context(error: BaseException, message: str, context: Context | None) -> None:
    from edgeroutes.http.response import current_request

    scope: RequestScope | None = context.run(current_request.get, None) if context is not None else None
    if scope is None:
        log_exception(error, message)
    else:
        log_exception(error, message, scope.incoming, route=scope.endpoint.route.route_path)


def _task_name(task: Any) -> str:
    coroutine = task.get_coro() if hasattr(task, "get_coro") else None
    return getattr(coroutine, "__qualname__", "")


def _callback_context(error: BaseException) -> Context | None:
    """The context of the loop's callback that raised it, which is that of the request that started the task."""
    trace = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_code.co_name == "_run" and frame.f_globals.get("__name__") == "asyncio.events":
            context: Context | None = getattr(frame.f_locals.get("self"), "_context", None)
            return context
        trace = trace.tb_next
    return None
