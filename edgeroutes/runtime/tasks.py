"""Log what tasks raise that nothing awaits, such as those of `asyncio.create_task`; loaded when one fails."""

from __future__ import annotations

from edgeroutes.runtime.context import find_scope
from edgeroutes.runtime.log import log_exception, was_logged, write_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import Context
    from typing import Any

    from edgeroutes.runtime.context import RequestScope


def log_task_failure(found: dict[str, Any]) -> None:
    """Log what an event loop reports: an exception that nothing retrieved, in the place of asyncio's text traceback.

    Args:
        found: As asyncio describes it to an exception handler.
    """
    error = found.get("exception")
    task = found.get("task") or found.get("future")
    if isinstance(error, SystemExit | KeyboardInterrupt):
        return  # they stopped the loop, and `log_task_exit` logged them then
    name = _name(task)
    if error is None:
        write_line("ERROR", f"{found['message']}{f': {name}' if name else ''}")
        return
    # Since Python 3.12 this runs in the task's context; before, in that of whatever runs now.
    own_context = getattr(task, "get_context", None)
    _log(error, f"a task failed that nothing awaits: {name or found['message']}", own_context and own_context())


def log_task_exit(error: BaseException) -> None:
    """Log the SystemExit or KeyboardInterrupt of a task, or of a callback of the loop, unless who awaited it has logged it."""
    if was_logged(error):
        return
    _log(error, f"a task raised {error!r}, which would have ended the process", _context(error))


def _log(error: BaseException, message: str, context: Context | None) -> None:
    scope: RequestScope | None = context.run(find_scope) if context is not None else None
    if scope is None:
        log_exception(error, message)
    else:
        log_exception(error, message, scope.incoming, route=scope.endpoint.route.route_path)


def _name(task: Any) -> str:
    coroutine = task.get_coro() if hasattr(task, "get_coro") else None
    return getattr(coroutine, "__qualname__", "")


def _context(error: BaseException) -> Context | None:
    """The context of the loop's callback that raised it, which is that of the request that started the task."""
    trace = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_code.co_name == "_run" and frame.f_globals.get("__name__") == "asyncio.events":
            context: Context | None = getattr(frame.f_locals.get("self"), "_context", None)
            return context
        trace = trace.tb_next
    return None
