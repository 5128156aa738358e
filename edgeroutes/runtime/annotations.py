"""What an annotation is, by its shape: optional, many, a literal, a model.

Whoever annotates with `Literal` or `UUID` has loaded the module that it comes from, so nothing is loaded here to find out.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence
from collections.abc import Set as AbstractSet
from types import NoneType, UnionType

from edgeroutes.runtime.signature import evaluate, module_namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CONCRETE: dict[Any, type] = {
    Sequence: list,
    MutableSequence: list,
    AbstractSet: set,
    Mapping: dict,
    MutableMapping: dict,
}
_QUALIFIERS = ("Required", "NotRequired", "ReadOnly", "Final")  # of fields
_MARKERS = ("edgeroutes.http.parameters", "edgeroutes.runtime.dependencies")


def peel(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """The type below `Annotated[T, …]`, `NewType`, `type X = T` and `NotRequired[T]`, and their metadata, innermost first."""
    metadata: tuple[Any, ...] = ()
    while True:
        if hasattr(annotation, "__metadata__"):
            metadata = (*annotation.__metadata__, *metadata)
            annotation = annotation.__origin__
        elif hasattr(annotation, "__supertype__"):
            annotation = annotation.__supertype__
        elif is_alias(annotation):
            annotation = alias_value(annotation)
        elif getattr(origin(annotation), "_name", None) in _QUALIFIERS:
            annotation = annotation.__args__[0]
        else:
            return annotation, metadata


def plain_type(annotation: Any) -> Any:
    """The type below `Annotated[T, …]`, `NewType`, `type X = T` and `NotRequired[T]`."""
    return peel(annotation)[0]


def annotated(kind: Any, metadata: tuple[Any, ...]) -> Any:
    """`Annotated[kind, *metadata]`; `kind` alone without metadata."""
    return sys.modules["typing"].Annotated[(kind, *metadata)] if metadata else kind


def origin(annotation: Any) -> Any:
    """What a generic is made of: `list[int]` and `Sequence[int]` → `list`, `int | None` → `UnionType`; None for another type."""
    if isinstance(annotation, UnionType):
        return UnionType
    found = getattr(annotation, "__origin__", None)
    typing = sys.modules.get("typing")
    if typing is not None and found is typing.Union:
        return UnionType
    return _CONCRETE.get(found, found) if isinstance(found, type) else found


def is_alias(annotation: Any) -> bool:
    """Whether it is a `type X = …` or TypeAliasType, or one with arguments: `X[int]`."""
    return type(origin(annotation) or annotation).__name__ == "TypeAliasType"


def alias_value(annotation: Any) -> Any:
    """What a `type X = …` stands for."""
    alias = origin(annotation) or annotation
    value = evaluate(alias.__value__, module_namespace(alias), alias.__name__)
    return value if alias is annotation else value[annotation.__args__]


def is_literal(annotation: Any) -> bool:
    """Whether it is `Literal[…]`."""
    typing = sys.modules.get("typing")
    return typing is not None and getattr(annotation, "__origin__", None) is typing.Literal


def without_none(annotation: Any) -> tuple[Any, bool]:
    """`T | None` as `(T, True)`, with the metadata of the whole; anything else as `(annotation, False)`."""
    plain, metadata = peel(annotation)
    if origin(plain) is not UnionType or NoneType not in plain.__args__:
        return annotation, False
    kinds = [kind for kind in plain.__args__ if kind is not NoneType]
    return (annotated(kinds[0], metadata) if len(kinds) == 1 else annotation), True


def is_any(annotation: Any) -> bool:
    """Whether it is `typing.Any`, which is recognized without loading typing."""
    return getattr(annotation, "__module__", "") == "typing" and getattr(annotation, "__name__", "") == "Any"


def is_container(annotation: Any) -> bool:
    """Whether it takes all values of a name, not the last alone: `list[T]`, `set[T]`, `tuple[T, ...]`, and these without items."""
    return (origin(annotation) or annotation) in (list, set, tuple, frozenset)


def is_json_string(annotation: Any) -> bool:
    """Whether it is pydantic's `Json[T]`: a string with JSON, whatever T is."""
    return any(type(item).__name__ == "Json" for item in peel(annotation)[1])


def is_repeated(annotation: Any) -> bool:
    """Whether an argument of this type is all values of its name."""
    return is_container(plain_type(annotation)) and not is_json_string(annotation)


def describe(annotation: Any) -> str:
    """The annotation as its author wrote it, more or less."""
    is_plain = isinstance(annotation, type) and not hasattr(annotation, "__args__")
    return annotation.__name__ if is_plain else repr(annotation)


def find_marker(annotation: Any) -> Any:
    """The `Header()`, `Cookie`, … of an annotation, also inside `… | None` and `type X = …`; None without one.

    Every class of edgeroutes with a `place` is one.
    """
    plain, metadata = peel(annotation)
    for mark in reversed(metadata):
        kind = mark if isinstance(mark, type) else type(mark)
        if kind.__module__.startswith("edgeroutes.") and hasattr(kind, "place"):
            return mark() if mark is kind else mark
    if origin(plain) is UnionType:
        return next((mark for mark in map(find_marker, plain.__args__) if mark is not None), None)
    return None


def is_marker(value: Any) -> bool:
    """Whether a default is a marker, or pydantic's or FastAPI's `Field` and the like, which belong into `Annotated`."""
    kinds = type(value).__mro__
    return any(kind.__module__ in _MARKERS or kind.__name__ == "FieldInfo" for kind in kinds)
