"""Tests for routes: a client that sends Lambda's events, local AWS, and pytest's plugin.

The plugin loads nothing of this before a test uses one of its fixtures, so the names here are lazy.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edgeroutes.testing.client import RouteClient as RouteClient
    from edgeroutes.testing.cloud import Aws as Aws
    from edgeroutes.testing.environment import FrozenTime as FrozenTime
    from edgeroutes.testing.environment import Metric as Metric
    from edgeroutes.testing.messages import CacheState as CacheState
    from edgeroutes.testing.messages import Chunk as Chunk
    from edgeroutes.testing.messages import TestResponse as TestResponse
    from edgeroutes.testing.messages import lambda_event as lambda_event

_EXPORTS = {
    "Aws": "edgeroutes.testing.cloud",
    "CacheState": "edgeroutes.testing.messages",
    "Chunk": "edgeroutes.testing.messages",
    "FrozenTime": "edgeroutes.testing.environment",
    "Metric": "edgeroutes.testing.environment",
    "RouteClient": "edgeroutes.testing.client",
    "TestResponse": "edgeroutes.testing.messages",
    "lambda_event": "edgeroutes.testing.messages",
}
__all__ = [*_EXPORTS]  # noqa: PLE0604  # strings, as a test checks


if not TYPE_CHECKING:  # a type checker that sees a module's __getattr__ accepts every name

    def __getattr__(name: str) -> object:
        if name not in _EXPORTS:
            raise AttributeError(f"module 'edgeroutes.testing' has no attribute {name!r}")
        from importlib import import_module

        value: object = getattr(import_module(_EXPORTS[name]), name)
        globals()[name] = value
        return value
