"""Where boto3 sends a call: there it is checked first, while a function runs. Floor 3; changes botocore and threads, once.

Classes are hooked, not clients: a client that a module made at import is checked like one made in the handler. With no guard in the
context, everything is as before. A function's threads have its guard: those that it starts, and what it submits to a pool, as boto3
itself does for `upload_file`. Presigned URLs are not calls; aiobotocore has classes of its own. Neither is checked.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from functools import wraps
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Protocol

from botocore.client import BaseClient

from edgeroutes.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Guard(Protocol):
    """Who is asked before a call goes out."""

    def check(self, client: BaseClient, operation: Any, parameters: Mapping[str, Any]) -> None:
        """Raise what AWS would answer, where it would refuse."""


guard: ContextVar[Guard | None] = ContextVar("edgeroutes_iam_guard", default=None)
"""Whom calls of this context ask; None for nobody."""

_PARAMETERS = "edgeroutes_iam_parameters"
_lock = Lock()
_installed = False


def install() -> None:
    """Hook botocore and threads; calling it again does nothing.

    Raises:
        ToolError: This botocore has other methods.
    """
    global _installed  # noqa: PLW0603 - a class is hooked once in a process
    with _lock:
        if _installed:
            return
        missing = [name for name in ("_emit_api_params", "_make_request") if not hasattr(BaseClient, name)]
        if missing:
            problem = f"this botocore has no {' and no '.join(missing)}: calls cannot be checked"
            raise ToolError(problem, where="botocore", hint="Install another version of boto3, or do without enforcing")
        _hook_client()
        _hook_threads()
        _installed = True


def _hook_client() -> None:
    hooked: Any = BaseClient  # botocore's events, its public door, reach only sessions made afterwards
    emit, send = hooked._emit_api_params, hooked._make_request  # noqa: SLF001

    @wraps(emit)
    def emit_and_keep(self: BaseClient, api_params: Any, operation_model: Any, context: dict[str, Any]) -> Any:
        parameters = emit(self, api_params, operation_model, context)
        context[_PARAMETERS] = parameters
        return parameters

    @wraps(send)
    def check_and_send(
        self: BaseClient, operation_model: Any, request_dict: Any, request_context: dict[str, Any]
    ) -> Any:
        current, parameters = guard.get(), request_context.pop(_PARAMETERS, {})
        if current is not None:
            current.check(self, operation_model, parameters)
        return send(self, operation_model, request_dict, request_context)

    hooked._emit_api_params, hooked._make_request = emit_and_keep, check_and_send  # noqa: SLF001


def _hook_threads() -> None:
    threads: Any = Thread
    pools: Any = ThreadPoolExecutor
    start, submit = threads.start, pools.submit

    @wraps(start)
    def start_guarded(self: Thread) -> None:
        current, run = guard.get(), self.run
        if current is not None:
            self.run = lambda: _run_guarded(current, run)  # type: ignore[method-assign]
        start(self)

    @wraps(submit)
    def submit_guarded(self: ThreadPoolExecutor, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        current = guard.get()
        if current is None:
            return submit(self, fn, *args, **kwargs)
        token = guard.set(None)  # a thread of the pool outlives this function, and must not keep its guard
        try:
            return submit(self, _run_guarded, current, fn, *args, **kwargs)
        finally:
            guard.reset(token)

    threads.start, pools.submit = start_guarded, submit_guarded


def _run_guarded(current: Guard, run: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    token = guard.set(current)
    try:
        return run(*args, **kwargs)
    finally:
        guard.reset(token)
