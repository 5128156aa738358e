"""Names in a route file that look like an export and are none: `get`, `PSOT`, `default`, `maxDuration`.

 An author's own names are to be left alone, so a name
that the file reads somewhere is never suspected: no one reads a misspelt export.
"""

from __future__ import annotations

import ast
import difflib
from typing import TYPE_CHECKING

from edgeroutes.errors import RouteFileError
from edgeroutes.routing.conventions import CONFIG_NAMES, METHODS, STATIC_PARAMS_EXPORT
from edgeroutes.routing.literals import is_literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeroutes.routing.bindings import Binding, Bindings

# High enough to leave 'tag' (0.857 like 'tags'), 'revalidator' (0.857) and 'stream' (0.8) to the author.
_CLOSE_CONFIG = 0.88
# 'PSOT' is 0.75 like 'POST'; only functions that are called so are looked at.
_CLOSE_METHOD = 0.75

# Source: RFC 9110 section 9 and draft-ietf-httpbis-safe-method-w-body, methods that Next.js does not dispatch either.
_OTHER_METHODS = frozenset({"TRACE", "CONNECT", "QUERY"})


def check_names(bindings: Bindings, source_file: str) -> Iterator[tuple[int, RouteFileError]]:
    """The names that look like a misspelt export, each with its line."""
    seen: set[str] = set()
    for binding in bindings.every:
        if binding.name in seen or binding.name in CONFIG_NAMES or binding.name in METHODS:
            continue
        seen.add(binding.name)
        fault = _fault(binding, bindings)
        if fault is not None:
            problem, hint = fault
            yield binding.line, RouteFileError(problem, where=f"{source_file}:{binding.line}", hint=hint)


def _fault(binding: Binding, bindings: Bindings) -> tuple[str, str] | None:
    name = binding.name
    if name == "default":
        return "a route file has no 'default' export", "Name each handler after its method, such as 'GET'"
    if binding.kind == "function" and name.upper() in METHODS:
        return f"{name!r} is not a method: methods are written in upper case", f"Name it {name.upper()!r}"
    if name in bindings.used:
        return None
    if _is_function(binding, bindings):
        return _method_fault(name) or _static_params_fault(name)
    if is_literal(binding.node) or _is_value_call(binding, bindings):
        return _config_fault(name, bindings)
    return None


def _is_function(binding: Binding, bindings: Bindings) -> bool:
    return binding.kind in {"function", "value"} and bindings.function_of(binding) is not None


def _is_value_call(binding: Binding, bindings: Bindings) -> bool:
    """Whether one of edgeroutes' own classes is called, as in `Cors = CORS()`."""
    dotted = bindings.dotted_name(binding.node.func) if isinstance(binding.node, ast.Call) else None
    return (dotted or "").startswith("edgeroutes.")


def _method_fault(name: str) -> tuple[str, str] | None:
    if not (name.isupper() and name.isalpha()):
        return None
    allowed = f"Allowed are {', '.join(METHODS)}"
    if name in _OTHER_METHODS:
        return f"{name!r} is a method that no request reaches. {allowed}", "Export one of those, or rename the function"
    likely = [method for method in METHODS if sorted(method) == sorted(name)]
    likely = likely or difflib.get_close_matches(name, METHODS, n=1, cutoff=_CLOSE_METHOD)
    if not likely:
        return None
    return f"{name!r} is not a method. {allowed}", f"Rename it to {likely[0]!r}"


def _static_params_fault(name: str) -> tuple[str, str] | None:
    likely = _likely(name, [STATIC_PARAMS_EXPORT])
    return (f"{name!r} is not an export that edgeroutes reads", f"Rename it to {likely!r}") if likely else None


def _config_fault(name: str, bindings: Bindings) -> tuple[str, str] | None:
    likely = _likely(name, sorted(CONFIG_NAMES))
    if likely is None or bindings.last(likely) is not None:
        return None
    return f"{name!r} is not a segment config", f"Rename it to {likely!r}"


def _likely(name: str, exports: list[str]) -> str | None:
    """The export that this name is meant to be: the same letters in another case, other underscores, or nearly so."""
    if name in exports or name.startswith("_"):
        return None
    letters = {export.replace("_", ""): export for export in exports}
    same = letters.get(name.replace("_", "").lower())
    if same is not None:
        return same
    close = difflib.get_close_matches(name.lower(), exports, n=1, cutoff=_CLOSE_CONFIG)
    return close[0] if close else None
