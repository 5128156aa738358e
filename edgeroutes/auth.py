"""Who may call a route: `from edgeroutes.auth import api_key`.

Lazy as `edgeroutes` itself is: a route loads, and its bundle contains, only the schemes that it names.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edgeroutes.guards.api_keys import api_key as api_key
    from edgeroutes.guards.callers import Caller as Caller
    from edgeroutes.guards.callers import caller as caller
    from edgeroutes.guards.callers import require as require
    from edgeroutes.guards.schemes import any_of as any_of
    from edgeroutes.guards.tokens import bearer as bearer
    from edgeroutes.guards.tokens import cognito as cognito

# Public name → its module; the tracer reads this table, too.
_EXPORTS = {
    "Caller": "edgeroutes.guards.callers",
    "any_of": "edgeroutes.guards.schemes",
    "api_key": "edgeroutes.guards.api_keys",
    "bearer": "edgeroutes.guards.tokens",
    "caller": "edgeroutes.guards.callers",
    "cognito": "edgeroutes.guards.tokens",
    "require": "edgeroutes.guards.callers",
}
__all__ = [*_EXPORTS]  # noqa: PLE0604  # strings


if not TYPE_CHECKING:  # a type checker that sees a module's __getattr__ accepts every name

    def __getattr__(name: str) -> object:
        module_name = _EXPORTS.get(name)
        if module_name is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value: object = getattr(import_module(module_name), name)
        globals()[name] = value
        return value
