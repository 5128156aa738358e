"""What users test their routes with: a client through the real Lambda event path, AWS on the desk, and pytest's plugin. Roof.

The plugin (`plugin`) loads nothing of this before a test asks for one of its fixtures, so the names here are lazy.
"""

from __future__ import annotations

from edgeroutes.runtime import environment as _environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edgeroutes.testing.client import RouteClient as RouteClient
    from edgeroutes.testing.cloud import Aws as Aws
    from edgeroutes.testing.environment import FrozenTime as FrozenTime
    from edgeroutes.testing.events import lambda_event as lambda_event
    from edgeroutes.testing.output import Metric as Metric
    from edgeroutes.testing.response import CacheState as CacheState
    from edgeroutes.testing.response import Chunk as Chunk
    from edgeroutes.testing.response import TestResponse as TestResponse

_EXPORTS = {
    "Aws": "edgeroutes.testing.cloud",
    "CacheState": "edgeroutes.testing.response",
    "Chunk": "edgeroutes.testing.response",
    "FrozenTime": "edgeroutes.testing.environment",
    "Metric": "edgeroutes.testing.output",
    "RouteClient": "edgeroutes.testing.client",
    "TestResponse": "edgeroutes.testing.response",
    "lambda_event": "edgeroutes.testing.events",
}
_environment.environment = "test"
__all__ = [*_EXPORTS]  # noqa: PLE0604  # strings, as a test checks


if not TYPE_CHECKING:  # a type checker that sees a module's __getattr__ accepts every name

    def __getattr__(name: str) -> object:
        if name not in _EXPORTS:
            raise AttributeError(f"module 'edgeroutes.testing' has no attribute {name!r}")
        from importlib import import_module

        value: object = getattr(import_module(_EXPORTS[name]), name)
        globals()[name] = value
        return value
