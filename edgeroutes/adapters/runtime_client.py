"""The one hook on awslambdaric: what happens between a response and the next invocation.

`post_invocation_result` of its client class returns when Lambda has the response; what runs then delays nobody, and the sandbox is not
frozen before the client requests the next invocation. The class is found by name and signature, at init, once. Verified with
awslambdaric 3.0 to 4.2, whose base class is looked up at call time. Source: awslambdaric/lambda_runtime_client.py, read 2026-11-21.

A streamed response is sent at the same place: it comes as a `PendingResponse`.
"""

from __future__ import annotations

import sys

from edgeroutes.errors import EventError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self

_METHOD = "post_invocation_result"
_ARGUMENTS = ("self", "invoke_id", "result_data")
_HOOKED = "edgeroutes_runs"


class PendingResponse(bytes):
    """A response that is still to be produced, and that sends itself.

    awslambdaric passes bytes on as they are, so nothing but the hook learns what these stand for.

    Args:
        send: Called with the request id of the invocation, and that of this attempt or None, when it is to go out.
            It raises OSError or the like where Lambda cannot be reached.
    """

    send: Callable[[str, str | None], None]

    def __new__(cls, send: Callable[[str, str | None], None]) -> Self:
        """One that stands for no bytes yet."""
        response = super().__new__(cls)
        response.send = send
        return response


def find_client_class() -> Any | None:
    """The class whose `post_invocation_result` sends responses; None where awslambdaric is absent or not as known."""
    module = sys.modules.get("awslambdaric.lambda_runtime_client")
    for name in ("BaseLambdaRuntimeClient", "LambdaRuntimeClient"):
        found = getattr(module, name, None)
        method = getattr(found, "__dict__", {}).get(_METHOD)
        code = getattr(method, "__code__", None)
        if code is not None and code.co_varnames[:3] == _ARGUMENTS:
            return None if _is_overridden(found) else found
    return None


def _is_overridden(client: Any) -> bool:
    """Whether a class below has a way of its own, which would send a pending response as the bytes that it is not."""
    return any(_METHOD in vars(below) or _is_overridden(below) for below in client.__subclasses__())


def install_after_hook(run: Callable[[], None]) -> bool:
    """Have pending responses send themselves, and `run` called whenever a response is sent.

    The client is hooked once; what is given later runs there, too, in turn.

    Args:
        run: Must not raise.

    Returns:
        Whether there is a client to hook. False: run it before the response instead.
    """
    client = find_client_class()
    if client is None:
        return False
    send = getattr(client, _METHOD)
    hooked = getattr(send, _HOOKED, None)
    if hooked is not None:
        hooked.append(run)
        return True
    runs = [run]

    def post_invocation_result(self: Any, invoke_id: Any, result_data: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            if isinstance(result_data, PendingResponse):
                _send_pending(self, result_data, invoke_id, _invocation_id(args, kwargs))
                return None
            return send(self, invoke_id, result_data, *args, **kwargs)
        finally:
            for each in runs:
                each()

    setattr(post_invocation_result, _HOOKED, runs)
    setattr(client, _METHOD, post_invocation_result)
    return True


def _send_pending(client: Any, response: PendingResponse, invoke_id: str, invocation_id: str | None) -> None:
    """Have a response send itself; what goes wrong is the client's to judge, as with any other response."""
    try:
        response.send(invoke_id, invocation_id)
    except EventError as error:
        _post_error(client, error, invoke_id, invocation_id)
    except Exception as error:
        judge = getattr(client, "handle_exception", None)  # since 4.0: a client of many processes does not end for it
        if judge is None:
            raise
        judge(error)


def _post_error(client: Any, error: EventError, invoke_id: str, invocation_id: str | None) -> None:
    """Have the invocation fail, as awslambdaric does for an exception of the handler."""
    from json import dumps

    failure = {"errorMessage": str(error), "errorType": type(error).__name__, "requestId": invoke_id, "stackTrace": []}
    attempt = () if invocation_id is None else (invocation_id,)
    client.post_invocation_error(invoke_id, dumps(failure), "{}", *attempt)


def _invocation_id(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
    """The id of this attempt, which awslambdaric gives since 4.2 as one argument more, behind the content type."""
    invocation_id: str | None = args[1] if len(args) > 1 else kwargs.get("invocation_id")
    return invocation_id
