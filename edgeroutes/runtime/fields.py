"""The fields of a class that a body can become, with their annotations evaluated."""

from __future__ import annotations

from edgeroutes.errors import RouteFileError
from edgeroutes.runtime.annotations import is_marker, is_named_tuple, is_typed_dict, origin
from edgeroutes.runtime.signature import evaluate, module_namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def field_annotations(kind: Any, where: str) -> dict[str, Any]:
    """The fields of a dataclass or TypedDict that a body can fill, each with its annotation evaluated.

    Raises:
        RouteFileError: When an annotation names what its module does not have.
    """
    if is_typed_dict(kind) or is_named_tuple(kind):
        import typing

        try:
            return typing.get_type_hints(kind, include_extras=True)
        except NameError as error:
            hint = "Import it outside 'if TYPE_CHECKING:', for it is needed when the route runs"
            raise RouteFileError(f"{kind.__name__} cannot be read: {error}", where=where, hint=hint) from error
    from dataclasses import fields

    found = {}
    for field in fields(kind):
        if field.init:
            _require_plain_default(field.default, f"{where}, {kind.__name__}.{field.name}")
            owner = next((base for base in kind.__mro__ if field.name in vars(base).get("__annotations__", ())), kind)
            place = f"{where}, field {field.name!r}"
            found[field.name] = evaluate(field.type, module_namespace(owner), place)
    return found


def _require_plain_default(default: Any, where: str) -> None:
    """Raise RouteFileError for `x: int = Field(1, ge=1)`, whose default would be the constraint."""
    if is_marker(default):
        problem = f"its default is {default!r:.60}. Allowed are values"
        raise RouteFileError(problem, where=where, hint="Write 'name: Annotated[T, …] = value'")


def field_names_required(kind: Any) -> set[str]:
    """The fields of a dataclass, TypedDict or NamedTuple that a body must have."""
    if is_typed_dict(kind):
        return required_keys(kind)
    if is_named_tuple(kind):
        return {*kind._fields} - {*kind._field_defaults}
    from dataclasses import MISSING, fields

    return {
        field.name
        for field in fields(kind)
        if field.init and field.default is MISSING and field.default_factory is MISSING
    }


def required_keys(kind: Any) -> set[str]:
    """The keys that a TypedDict must have.

    Python's own `__required_keys__` does not see Required and NotRequired where annotations are texts, as they are under
    `from __future__ import annotations`.
    """
    import typing

    required = set(kind.__required_keys__)
    for name, hint in typing.get_type_hints(kind, include_extras=True).items():
        if origin(hint) is typing.Required:
            required.add(name)
        elif origin(hint) is typing.NotRequired:
            required.discard(name)
    return required
