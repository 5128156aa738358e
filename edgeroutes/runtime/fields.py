"""Classes with fields that a body can become, and their fields with annotations evaluated."""

from __future__ import annotations

from edgeroutes.errors import RouteFileError
from edgeroutes.runtime.annotations import is_marker, origin
from edgeroutes.runtime.signature import class_hints, evaluate, module_namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_MODEL_MARKS = ("__dataclass_fields__", "model_validate", "__struct_fields__")


def is_typed_dict(annotation: Any) -> bool:
    """Whether it is a TypedDict."""
    kind = origin(annotation) or annotation
    return isinstance(kind, type) and issubclass(kind, dict) and hasattr(kind, "__total__")


def is_named_tuple(annotation: Any) -> bool:
    """Whether it is a NamedTuple."""
    kind = origin(annotation) or annotation
    return isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields")


def is_own_model(annotation: Any) -> bool:
    """Whether it is a class that edgeroutes validates itself: a dataclass, TypedDict or NamedTuple."""
    if is_typed_dict(annotation) or is_named_tuple(annotation):
        return True
    kind = origin(annotation) or annotation
    return hasattr(kind, "__dataclass_fields__") and not hasattr(kind, "__pydantic_fields__")


def is_model(annotation: Any) -> bool:
    """Whether it is a class with fields: dataclass, TypedDict, NamedTuple, pydantic model, msgspec struct."""
    kind = origin(annotation) or annotation
    return isinstance(kind, type) and (any(hasattr(kind, mark) for mark in _MODEL_MARKS) or is_own_model(kind))


def field_annotations(kind: Any, where: str) -> dict[str, Any]:
    """The fields of a dataclass, TypedDict or NamedTuple that a body can fill, each with its annotation evaluated.

    Raises:
        RouteFileError: When an annotation names what its module does not have.
    """
    variables = type_variables(kind)
    kind = origin(kind) or kind
    if is_typed_dict(kind) or is_named_tuple(kind):
        try:
            hints = class_hints(kind)
        except NameError as error:
            from edgeroutes.routing.argument_problems import IMPORT_IT

            raise RouteFileError(f"{kind.__name__} cannot be read: {error}", where=where, hint=IMPORT_IT) from error
        return {name: substitute(hint, variables.get(kind, {})) for name, hint in hints.items()}
    from dataclasses import fields

    found = {}
    for field in fields(kind):
        if field.init:
            _require_plain_default(field.default, f"{where}, {kind.__name__}.{field.name}")
            owner = field_owner(kind, field.name)
            hint = evaluate(field.type, module_namespace(owner), f"{where}, field {field.name!r}")
            found[field.name] = substitute(hint, variables.get(owner, {}))
    return found


def field_owner(kind: Any, name: str) -> Any:
    """The class, of a dataclass and its bases, whose body annotates a field."""
    return next((base for base in kind.__mro__ if name in vars(base).get("__annotations__", ())), kind)


def type_variables(annotation: Any) -> dict[Any, dict[Any, Any]]:
    """What the type variables of a generic class stand for, by the class, with those of its bases."""
    kind = origin(annotation) or annotation
    arguments = () if annotation is kind else annotation.__args__
    own = dict(zip(getattr(kind, "__parameters__", ()), arguments, strict=False))
    found: dict[Any, dict[Any, Any]] = {kind: own}
    for base in (*vars(kind).get("__orig_bases__", ()), *kind.__bases__):
        base_kind = origin(base) or base
        if (
            base_kind not in found
            and isinstance(base_kind, type)
            and base_kind.__module__ not in ("builtins", "typing")
        ):
            found |= type_variables(substitute(base, own))
    if is_typed_dict(kind):  # whose fields are all its own, whichever class they come from
        found = {kind: {name: value for each in reversed(found.values()) for name, value in each.items()}}
    return found


def substitute(hint: Any, variables: Mapping[Any, Any]) -> Any:
    """An annotation with the type variables of a generic class replaced."""
    if type(hint).__name__ == "TypeVar":
        return variables.get(hint, hint)
    parameters = () if isinstance(hint, type) and origin(hint) is None else getattr(hint, "__parameters__", ())
    return hint[tuple(variables.get(each, each) for each in parameters)] if variables and parameters else hint


def _require_plain_default(default: Any, where: str) -> None:
    """Raise RouteFileError for `x: int = Field(1, ge=1)`, whose default would be the constraint."""
    if is_marker(default):
        from edgeroutes.routing.argument_problems import bad_default

        fault, hint = bad_default(f"{default!r:.60}", "name")
        raise RouteFileError(f"its default {fault}", where=where, hint=hint)


def require_complete(model: Any, where: str) -> None:
    """Raise RouteFileError for a pydantic model whose annotations name what its module does not have."""
    if getattr(model, "__pydantic_complete__", True) is not False:
        return
    try:
        model.model_rebuild()  # what is defined after it is there now
    except NameError as error:
        from edgeroutes.routing.argument_problems import IMPORT_IT

        reason = str(error).partition("\n")[0]  # pydantic adds an address
        raise RouteFileError(f"{model.__name__} cannot be read: {reason}", where=where, hint=IMPORT_IT) from error


def field_names_required(kind: Any) -> set[str]:
    """The fields of a dataclass, TypedDict or NamedTuple that a body must have."""
    kind = origin(kind) or kind
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
    for name, hint in class_hints(kind).items():
        if origin(hint) is typing.Required:
            required.add(name)
        elif origin(hint) is typing.NotRequired:
            required.discard(name)
    return required
