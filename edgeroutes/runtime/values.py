"""Arguments from the values of one name in a query, a header or a cookie: the last of them, or all for `list[T]`."""

from __future__ import annotations

from edgeroutes.runtime.annotations import is_container, plain_type
from edgeroutes.runtime.signature import ABSENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.runtime.signature import Parameter

    Errors = list[dict[str, str]]
    Reader = Callable[[RequestScope, Errors], Any]


_UNCHANGEABLE = (str, int, float, bool, bytes, type(None))


def in_query(scope: RequestScope, name: str) -> list[str]:
    """The values of a query parameter."""
    return scope.request.query_params.getlist(name)


def values_reader(
    annotation: Any,
    default: Any,
    name: str,
    find: Callable[[RequestScope, str], list[str]],
    where: str,
    *,
    forgives: bool = False,
) -> Reader:
    """Reads the values of one name.

    Where there is a default, an empty value counts as absent, unless the type takes one; a browser sends it for a field that nobody
    filled in. With `forgives`, so does a value that does not fit: a user could not get rid of a stale cookie.
    """
    plain = plain_type(annotation)
    many = is_container(plain)
    item = getattr(plain, "__args__", (str,))[0] if many else plain
    convert = find_converter(annotation, where, many=many)
    is_required = default is ABSENT and not many
    checks_none = default is ABSENT and many  # a list may have a minimum length
    make_default = default_maker(default)
    skips_empty = item is not str and not is_required and not _takes_empty(item)
    forgives = forgives and not is_required

    def read(scope: RequestScope, errors: Errors) -> Any:
        try:
            values = find(scope, name)
            if skips_empty:
                values = [value for value in values if value != ""]
            if not values and not checks_none:
                if is_required:
                    errors.append({"field": name, "message": "is required"})
                return make_default()
            return convert(values if many else values[-1])
        except ValueError as error:
            if not forgives:
                errors.append({"field": name, "message": str(error)})
            return make_default()

    return read


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


def _takes_empty(annotation: Any) -> bool:
    from edgeroutes.runtime.conversion import takes_empty

    return takes_empty(annotation)


def default_of(parameter: Parameter, *, optional: bool) -> Any:
    """What stands in when the request has nothing: the default, None for an optional one, ABSENT when it is required."""
    return None if parameter.default is ABSENT and optional else parameter.default


def find_converter(annotation: Any, where: str, *, many: bool = False) -> Callable[[Any], Any]:
    """The converter from one string, or from a list of them; a bundle of handlers with strings alone has no other."""
    if annotation is str:
        return str
    from edgeroutes.runtime import conversion

    return (conversion.values_converter if many else conversion.find_converter)(annotation, where)
