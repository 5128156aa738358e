"""Defaults of arguments, which no request may change for the next one."""

from __future__ import annotations

from edgeroutes.runtime.signature import ABSENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_UNCHANGEABLE = (str, int, float, bool, bytes, type(None))


def default_maker(default: Any) -> Callable[[], Any]:
    """What gives the default of an argument, a copy of its own for each request where it could be changed.

    What cannot be copied, such as a client with a lock in it, is the same for all requests.
    """
    if type(default).__name__ == "_HAS_DEFAULT_FACTORY_CLASS":  # of a dataclass or pydantic model, which makes it
        return lambda: ABSENT
    if default is ABSENT or isinstance(default, _UNCHANGEABLE) or callable(default):
        return lambda: default
    from copy import deepcopy

    try:
        is_unchangeable = deepcopy(default) is default
    except Exception:  # noqa: BLE001  # of the author's own classes, whatever they raise
        is_unchangeable = True
    return (lambda: default) if is_unchangeable else (lambda: deepcopy(default))
