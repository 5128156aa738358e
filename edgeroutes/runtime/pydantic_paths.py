"""How long the paths in a body may be for a pydantic model. Loaded with a pydantic model.

pydantic makes every problem, each with a copy of its path, before anybody can stop it: a body of 230 kB with one long name, or with a
hundred levels, would take a gigabyte.
"""

from __future__ import annotations

import re

from edgeroutes.http.interrupts import HTTPError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# A smaller body cannot do harm.
SMALL_BYTES = 4_096
_MOST_BYTES = 100_000_000
_LEVEL_BYTES = 32
_long_name = re.compile(rb'"(?:[^"\\]|\\.){64,}+"\s*:').search


def is_recursive(model: Any) -> bool:
    """Whether a model may contain itself, so that its values nest as deep as a client likes."""
    return "definition-ref" in str(getattr(model, "__pydantic_core_schema__", ""))


def has_long_name(body: bytes) -> bool:
    """Whether an object in a JSON text has a name of more than 64 characters."""
    return _long_name(body) is not None


def require_short_paths(value: Any) -> None:
    """Raise HTTPError 400 for a JSON value whose parts, were each of them wrong, would have too much of paths together."""
    left = [(value, 0)]
    total = 0
    while left:
        part, length = left.pop()
        inner = length + _LEVEL_BYTES
        if part.__class__ is dict:
            total += sum(inner + len(name) for name in part)
            left.extend((each, inner + len(name)) for name, each in part.items() if each.__class__ in (dict, list))
        elif part.__class__ is list:
            total += inner * len(part)
            left.extend((each, inner) for each in part if each.__class__ in (dict, list))
        if total > _MOST_BYTES:
            raise HTTPError(400, "the body has too many values under long names or nested too deep")
