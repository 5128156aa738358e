"""What an annotation is, told by its shape: optional, many, a literal, a model. Request wing, floor 2.

Whoever annotates with `Literal` or `UUID` has loaded the module that it comes from, so nothing is loaded here to find out.
"""

from __future__ import annotations

import sys
from types import NoneType, UnionType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def plain_type(annotation: Any) -> Any:
    """The annotation without what only names or describes it: `Annotated[T, …]`, `NewType`, `type X = T`."""
    while True:
        if hasattr(annotation, "__metadata__"):
            annotation = annotation.__origin__
        elif hasattr(annotation, "__supertype__"):
            annotation = annotation.__supertype__
        elif type(annotation).__name__ == "TypeAliasType":
            annotation = annotation.__value__
        else:
            return annotation


def origin(annotation: Any) -> Any:
    """What a generic is made of: `list[int]` → `list`, `int | None` → `UnionType`; None for what is no generic."""
    if isinstance(annotation, UnionType):
        return UnionType
    found = getattr(annotation, "__origin__", None)
    typing = sys.modules.get("typing")
    if typing is not None and found is typing.Union:
        return UnionType
    return found


def is_literal(annotation: Any) -> bool:
    """Whether it is `Literal[…]`."""
    typing = sys.modules.get("typing")
    return typing is not None and getattr(annotation, "__origin__", None) is typing.Literal


def without_none(annotation: Any) -> tuple[Any, bool]:
    """`T | None` as `(T, True)`; anything else as `(annotation, False)`; a union of several types keeps them."""
    annotation = plain_type(annotation)
    if origin(annotation) is not UnionType:
        return annotation, False
    kinds = [kind for kind in annotation.__args__ if kind is not NoneType]
    optional = len(kinds) < len(annotation.__args__)
    if len(kinds) == 1:
        return plain_type(kinds[0]), optional
    return annotation, optional


def describe(annotation: Any) -> str:
    """The annotation as its author wrote it, more or less."""
    is_plain = isinstance(annotation, type) and not hasattr(annotation, "__args__")
    return annotation.__name__ if is_plain else repr(annotation)


def is_typed_dict(annotation: Any) -> bool:
    """Whether it is a TypedDict."""
    return isinstance(annotation, type) and issubclass(annotation, dict) and hasattr(annotation, "__total__")


def is_model(annotation: Any) -> bool:
    """Whether it is a class whose instances a body can become: dataclass, TypedDict, pydantic model, msgspec struct."""
    if not isinstance(annotation, type):
        return False
    marks = ("__dataclass_fields__", "model_validate", "__struct_fields__")
    return any(hasattr(annotation, mark) for mark in marks) or is_typed_dict(annotation)
