"""Values that may be one of several types: which of them are tried, and each value at most once.

A value is tried against the types that its JSON kind, its Literal fields (tags) and its required fields leave. One is left where a
union is tagged, and it reports its own problems. Where several are, what is found out about a value inside is remembered for the
next of them: a tree of unions would otherwise be walked twice at each level, which is 2ⁿ times at level n.
"""

from __future__ import annotations

from enum import EnumMeta
from types import NoneType, UnionType

from edgeroutes.http.problem import Problems
from edgeroutes.runtime.annotations import is_literal, origin, peel, plain_type
from edgeroutes.runtime.fields import field_annotations, field_names_required, is_named_tuple, is_own_model
from edgeroutes.runtime.signature import ABSENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from edgeroutes.http.problem import Path
    from edgeroutes.runtime.validation import Validator

    Memo = dict[int, Any]
    Values = dict[tuple[type, Any], None]  # an ordered set
    Tags = dict[str, Values]

_KINDS: dict[Any, tuple[type, ...]] = {
    str: (str,),
    int: (int, float),
    float: (int, float),
    bool: (bool,),
    NoneType: (NoneType,),
    list: (list,),
    tuple: (list,),
    set: (list,),
    frozenset: (list,),
    dict: (dict,),
}
_CERTAIN: dict[Any, tuple[type, ...]] = {str: (str,), int: (int,), bool: (bool,), NoneType: (NoneType,)}
_FROM_TEXT = {"UUID": (str,), "date": (str,), "datetime": (str,), "time": (str,), "Decimal": (str, int, float)}
_JSON_CLASSES = (str, int, float, bool, NoneType, list, dict)
_TAG_CLASSES = (str, int, bool, NoneType)  # which can be hashed
_MAX_SHAPES, _MAX_SHAPE = 256, 32  # shapes of objects that a union remembers, and fields of one


class Choice:
    """One type of a union.

    Args:
        annotation: The type.
        validator: Its validator.
        where: The argument, for messages.
    """

    __slots__ = ("certain", "field_kinds", "kinds", "required", "tags", "validator")

    def __init__(self, annotation: Any, validator: Validator, where: str) -> None:
        self.validator = validator
        self.certain = _CERTAIN.get(annotation, ()) if isinstance(annotation, type) else ()
        self.kinds = _kinds_of(annotation)
        annotation = plain_type(annotation)
        self.field_kinds: dict[str, tuple[type, ...]] = {}
        self.tags: Tags = {}
        self.required: frozenset[str] = frozenset()
        if is_own_model(annotation) and not is_named_tuple(annotation):
            annotations = field_annotations(annotation, where)
            self.required = frozenset(field_names_required(annotation))
            self.tags = {name: _tag_values(hint) for name, hint in annotations.items() if is_literal(plain_type(hint))}
            kinds = {name: _kinds_of(hint) for name, hint in annotations.items()}
            self.field_kinds = {name: each for name, each in kinds.items() if each is not None}

    def takes(self, kind: type) -> bool:
        """Whether a JSON value of this class may be of this type."""
        return self.kinds is None or kind in self.kinds

    def takes_shape(self, value: dict[str, Any]) -> bool:
        """Whether an object's fields have JSON classes that this type may take."""
        return all(value[name].__class__ in kinds for name, kinds in self.field_kinds.items() if name in value)

    def has_tags_of(self, value: dict[str, Any]) -> bool:
        """Whether the tags of an object, as far as it has any, are of this type."""
        return all(name not in value or _is_tag(value[name], tags) for name, tags in self.tags.items())

    def nearness(self, value: dict[str, Any]) -> tuple[int, int, int]:
        """How much of an object that does not fit is as this type has it: tags first, then field names."""
        matches = [_is_tag(value[name], tags) for name, tags in self.tags.items() if name in value]
        missing = len(self.required - value.keys())
        return -matches.count(False), matches.count(True), -missing


class Union:
    """The validator of a union, once it has its types: they may contain it.

    Args:
        number: Among the unions of one argument.
    """

    __slots__ = ("_by_kind", "_choices", "_models", "_number", "_shapes", "_tag", "_tag_message")

    def __init__(self, number: int) -> None:
        self._number = number
        self._shapes: dict[tuple[Any, ...], list[Choice]] = {}

    def set_choices(self, choices: list[Choice]) -> None:
        """Set its types, in the author's order: the first that a value is valid for counts."""
        self._choices = choices
        self._by_kind = {kind: _possible(choices, kind) for kind in _JSON_CLASSES}
        self._models = [choice for choice in choices if choice.required or choice.tags]
        self._tag = _find_tag(self._models) if len(self._models) > 1 else ""
        allowed = [value for choice in self._models for _, value in choice.tags.get(self._tag, ())]
        self._tag_message = f"must be one of {', '.join(map(str, allowed))}"

    def __call__(self, value: Any, problems: Problems) -> Any:
        """The value as the first type that takes it; else the problems of the nearest type."""
        kind = value.__class__
        fitting = self._by_kind.get(kind, self._choices)
        if kind is dict and self._models:
            possible = fitting
            fitting = [one for one in self._of_shape(value) if not one.tags or one.has_tags_of(value)]
            if not fitting and len(possible) == len(self._models):
                return self._explain(value, problems)
        if len(fitting) == 1:
            return fitting[0].validator(value, problems)
        found = self._try_once(fitting or self._choices, value, problems.memo)
        if found.__class__ is Problems:
            problems += found
            return None
        return found

    def _of_shape(self, value: dict[str, Any]) -> list[Choice]:
        """The types that an object may be of by its names and its values' classes, which are the same for most items of a list."""
        shape = (*value, *map(type, value.values()))
        found = self._shapes.get(shape)
        if found is None:
            found = [one for one in self._by_kind[dict] if one.required <= value.keys()]
            found = [one for one in found if one.takes_shape(value)] or found
            if len(value) <= _MAX_SHAPE:
                if len(self._shapes) >= _MAX_SHAPES:
                    self._shapes.clear()
                self._shapes[shape] = found
        return found

    def _try_once(self, choices: list[Choice], value: Any, memo: Memo | None) -> Any:
        """As `_try_each`; inside of another trial, what has been found out about the same value before."""
        if memo is None or not (value.__class__ is dict or value.__class__ is list):
            return _try_each(choices, value, {} if memo is None else memo)
        key = (id(value) << 16) + self._number
        known = memo.get(key, ABSENT)
        if known is ABSENT:
            known = memo[key] = _try_each(choices, value, memo)
        return known

    def _explain(self, value: dict[str, Any], problems: Problems) -> Any:
        """Why an object is none of the models: its tag, or what the nearest of them misses."""
        tag = self._tag
        if tag in value and not any(_is_tag(value[tag], model.tags[tag]) for model in self._models):
            problems.add(self._tag_message, tag)
            return None
        if tag not in value and all(tag in model.required for model in self._models):
            problems.add("is required", tag)
            return None
        return max(self._models, key=lambda choice: choice.nearness(value)).validator(value, problems)


def _try_each(choices: list[Choice], value: Any, memo: Memo) -> Any:
    """What the first type makes of the value; else the Problems of the type that came furthest."""
    tried = []
    for choice in choices:
        found = Problems()
        found.memo = memo
        converted = choice.validator(value, found)
        if not found:
            return converted
        tried.append(found)
    nearest = max(tried, key=lambda found: max(_depth(path) for path, _ in found))
    if nearest[0][0] is None:
        messages = dict.fromkeys(found[0][1] for found in tried if found[0][0] is None)
        nearest = Problems()
        nearest.add(" or ".join(messages))
    return nearest


def _depth(path: Path) -> int:
    depth = 0
    while path is not None:
        depth += 1
        path = path[1]
    return depth


def _possible(choices: list[Choice], kind: type) -> list[Choice]:
    """The types that a JSON value of a class may be of, up to the first that takes each of them."""
    found = []
    for choice in choices:
        if choice.takes(kind):
            found.append(choice)
        if kind in choice.certain:
            break
    return found


def _kinds_of(annotation: Any) -> tuple[type, ...] | None:
    """`_json_kinds` of a type with metadata, or of a union."""
    plain = plain_type(annotation)
    if _converts_first(annotation):
        return None
    if origin(plain) is not UnionType:
        return _json_kinds(plain)
    kinds = [_kinds_of(each) for each in plain.__args__]
    return None if None in kinds else tuple({kind for each in kinds if each is not None for kind in each})


def _converts_first(annotation: Any) -> bool:
    """Whether pydantic makes the value, perhaps of another JSON type than the annotation shows."""
    if not peel(annotation)[1]:
        return False
    from edgeroutes.runtime.constraints import needs_pydantic

    return needs_pydantic(annotation)


def _json_kinds(annotation: Any) -> tuple[type, ...] | None:
    """The classes of the JSON values that a type may be made of; None where that is not known."""
    if is_own_model(annotation):
        return (dict, list) if is_named_tuple(annotation) else (dict,)
    if is_literal(annotation):
        return tuple({kind for kind, _ in _tag_values(annotation)})
    kind = origin(annotation) or annotation
    if kind in _KINDS:
        return _KINDS[kind]
    if isinstance(annotation, EnumMeta) or not isinstance(annotation, type):
        return None
    is_library = annotation.__module__ in ("uuid", "datetime", "decimal")
    return _FROM_TEXT.get(annotation.__name__) if is_library else None


def _tag_values(annotation: Any) -> Values:
    plain = [getattr(value, "_value_", value) for value in plain_type(annotation).__args__]  # of an enum's member
    return {(type(value), value): None for value in plain}


def _is_tag(value: Any, tags: Values) -> bool:
    """Whether a value is one of a Literal's, of the very type: True is not 1."""
    return value.__class__ in _TAG_CLASSES and (value.__class__, value) in tags


def _find_tag(models: list[Choice]) -> str:
    """The field by whose value the models are distinguished; empty where there is none."""
    for name in models[0].tags:
        if all(name in model.tags for model in models):
            values = [value for model in models for value in model.tags[name]]
            if len(values) == len(set(values)):
                return name
    return ""
