"""The context that Lambda gives a handler beside the event. Floor 3."""

from __future__ import annotations

import time
import uuid


class DevContext:
    """What of awslambdaric's `LambdaContext` handlers and Powertools read.

    Args:
        function_name: Of the function, as the route would be called.
        memory_mib: That the function would have.

    Source: docs.aws.amazon.com/lambda "python-context", read 2026-11-21.
    """

    def __init__(self, *, function_name: str, memory_mib: int) -> None:
        self.function_name = function_name
        self.function_version = "$LATEST"
        self.invoked_function_arn = f"arn:aws:lambda:us-east-1:123456789012:function:{function_name}"
        self.memory_limit_in_mb = str(memory_mib)
        self.aws_request_id = str(uuid.uuid4())
        self.log_group_name = f"/aws/lambda/{function_name}"
        self.log_stream_name = "dev"
        self.identity = None
        self.client_context = None
        self._began_at = time.monotonic()
        self._timeout_s = 0.0

    def set_timeout(self, seconds: float) -> None:
        """Say after how long Lambda would end the invocation, counted from its beginning."""
        self._timeout_s = seconds

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda would end the invocation; 0 when they are over."""
        return max(0, int((self._began_at + self._timeout_s - time.monotonic()) * 1000))
