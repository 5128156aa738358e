from __future__ import annotations

from edgeroutes.dev.invocation import DevContext


def test_the_context_counts_down_from_the_functions_timeout() -> None:
    context = DevContext(function_name="app", memory_mib=512)
    assert context.get_remaining_time_in_millis() == 0
    context.set_timeout(30)
    assert 25_000 < context.get_remaining_time_in_millis() <= 30_000
    assert (context.memory_limit_in_mb, context.invoked_function_arn.rpartition(":")[2]) == ("512", "app")
