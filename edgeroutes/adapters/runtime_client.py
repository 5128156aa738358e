"""The one hook on awslambdaric: what happens between an answer and the next invocation. Request wing, floor 2.

`post_invocation_result` of its client class returns when Lambda has the answer; what runs then delays nobody, and the sandbox is not
frozen before the client asks for the next invocation. The class is found by name and signature, at init, once. Verified with
awslambdaric 3.0 to 4.2, whose base class is looked up at call time. Source: awslambdaric/lambda_runtime_client.py, read 2026-11-21.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_METHOD = "post_invocation_result"
_ARGUMENTS = ("self", "invoke_id", "result_data")


def find_client_class() -> Any | None:
    """The class whose `post_invocation_result` sends answers; None where awslambdaric is absent or not as known."""
    module = sys.modules.get("awslambdaric.lambda_runtime_client")
    for name in ("BaseLambdaRuntimeClient", "LambdaRuntimeClient"):
        found = getattr(module, name, None)
        method = getattr(found, "__dict__", {}).get(_METHOD)
        code = getattr(method, "__code__", None)
        if code is not None and code.co_varnames[:3] == _ARGUMENTS:
            return found
    return None


def run_after_results(run: Callable[[], None]) -> bool:
    """Have `run` called whenever an answer has gone out.

    Args:
        run: Must not raise.

    Returns:
        Whether there is a client to hook. False: run it before the answer instead.
    """
    client = find_client_class()
    if client is None:
        return False
    send = getattr(client, _METHOD)

    def post_invocation_result(self: Any, invoke_id: Any, result_data: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return send(self, invoke_id, result_data, *args, **kwargs)
        finally:
            run()

    setattr(client, _METHOD, post_invocation_result)
    return True
