"""Return annotations of handlers, compiled into functions that convert and filter what a handler returns.

Loaded when a return annotation names a type with something to convert. A converter takes a value and returns what `render_json` can
write, or raises `Unfit`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import EnumMeta
from types import NoneType, UnionType

from edgeroutes.errors import RouteFileError
from edgeroutes.runtime.annotations import alias_value, describe, is_alias, is_literal, origin
from edgeroutes.runtime.responses import Unfit
from edgeroutes.runtime.signature import ABSENT, class_hints, evaluate, module_namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Convert = Callable[[Any], Any]

_SUPPORTED = (
    "Use JSON's own types, a dataclass, TypedDict, NamedTuple, pydantic model or msgspec Struct, a list, dict or union of them, "
    "or Response"
)
_ARRAYS = ("list", "tuple", "set", "frozenset", "deque", "Sequence", "MutableSequence", "Collection", "Iterable", "Set")
_SETS = ("set", "frozenset", "Set")
_OBJECTS = ("dict", "Mapping", "MutableMapping", "OrderedDict", "defaultdict")
_NOT_OBJECTS = (str, bytes, bytearray, int, float, complex, list, set, frozenset, NoneType, type)
_QUALIFIERS = ("Required", "NotRequired", "ReadOnly", "Final", "InitVar")
_MAX_LISTED = 5


class Compiler:
    """Compiles annotations.

    Args:
        namespace: Of the handler's module, for annotations that are strings.
        where: The handler, for messages.
        variables: The arguments of the generic class whose fields are compiled.
        made: The types that are compiled, or being compiled, which may contain themselves.
    """

    def __init__(
        self,
        namespace: Mapping[str, Any],
        where: str,
        variables: Mapping[Any, Any] | None = None,
        made: dict[Any, Convert] | None = None,
    ) -> None:
        self._namespace = namespace
        self._where = where
        self._variables = variables or {}
        self._made: dict[Any, Convert] = {} if made is None else made

    def compile(self, annotation: Any) -> Convert:
        """The converter for a type.

        Raises:
            RouteFileError: For a type that cannot be converted to, or that names what its module does not have.
        """
        annotation = self._evaluated(annotation)
        if hasattr(annotation, "__metadata__"):
            return self._annotated(annotation)
        if hasattr(annotation, "__supertype__"):  # a NewType
            return self.compile(annotation.__supertype__)
        if is_alias(annotation):
            return self._once(annotation, lambda: self.compile(alias_value(annotation)))
        if type(annotation).__name__ == "TypeVar":
            return self.compile(annotation.__bound__) if annotation.__bound__ is not None else _anything
        kind = origin(annotation) or annotation
        if kind is UnionType:
            return self._union(annotation)
        if annotation is None or annotation is NoneType:
            return _null
        name = getattr(kind, "__name__", "")
        is_plain = getattr(kind, "__module__", "") in ("builtins", "collections", "collections.abc", "typing")
        if is_plain and name in _ARRAYS:
            return self._array(annotation, name)
        if is_plain and name in _OBJECTS:
            return self._mapping(annotation)
        if annotation is object or (is_plain and name == "Any"):
            return _anything
        return self._model(annotation, kind) or self._leaf(annotation)

    def compile_union(self, kinds: list[Any]) -> Convert:
        """The converter for one of several types."""
        kinds = [kind for kind in kinds if getattr(kind, "__name__", "") != "UnsetType"]  # msgspec's, which is left out
        if len(kinds) == 1:
            return self.compile(kinds[0])
        evaluated = [self._evaluated(kind) for kind in kinds]
        if any(map(_is_pydantic, evaluated)):
            from typing import Union

            try:
                return _by_pydantic(Union[tuple(evaluated)])  # noqa: UP007  # of as many as there are
            except Exception as error:  # pydantic has several, and cannot take every type
                if type(error).__module__.partition(".")[0] != "pydantic":
                    raise
        return _Union([(_runtime_class(kind), self.compile(kind)) for kind in evaluated])

    def _evaluated(self, annotation: Any) -> Any:
        written = getattr(annotation, "__forward_arg__", annotation)
        if isinstance(written, str):
            annotation = evaluate(written, self._namespace, self._where)
        if self._variables:
            from edgeroutes.runtime.fields import substitute

            annotation = substitute(annotation, self._variables)
        if getattr(origin(annotation), "__name__", getattr(origin(annotation), "_name", "")) in _QUALIFIERS:
            return self._evaluated(annotation.__args__[0])
        return annotation

    def _annotated(self, annotation: Any) -> Convert:
        for mark in annotation.__metadata__:
            if getattr(mark, "__module__", "").partition(".")[0] == "edgeroutes":
                name = mark.__name__ if isinstance(mark, type) else type(mark).__name__
                hint = "Write '-> Annotated[…, Status(…)]' around the whole return annotation"
                raise RouteFileError(f"{name} has no effect inside the return annotation", where=self._where, hint=hint)
        inner = self._evaluated(annotation.__origin__)
        has_schema = any(hasattr(mark, "__get_pydantic_core_schema__") for mark in annotation.__metadata__)
        if _is_pydantic(inner) or has_schema or (origin(inner) is UnionType and any(map(_is_pydantic, inner.__args__))):
            return _by_pydantic(annotation)
        if origin(inner) is None and not hasattr(inner, "__mro__"):
            return self.compile(inner)
        return self._leaf(annotation, inner) if _is_leaf(inner) else self.compile(inner)

    def _once(self, key: Any, make: Callable[[], Convert]) -> Convert:
        if key not in self._made:
            self._made[key] = lambda value: self._made[key](value)  # noqa: PLW0108  # not made yet
            self._made[key] = make()
        return self._made[key]

    def _union(self, annotation: Any) -> Convert:
        kinds = [kind for kind in annotation.__args__ if kind is not NoneType]
        convert = self.compile_union(kinds)
        if len(kinds) == len(annotation.__args__):
            return convert
        return lambda value: None if value is None else convert(value)

    def _array(self, annotation: Any, name: str) -> Convert:
        arguments = getattr(annotation, "__args__", ())
        if name == "tuple" and arguments and arguments[-1] is not Ellipsis:
            return _fixed([self.compile(argument) for argument in arguments if argument != ()])
        item = self.compile(arguments[0]) if arguments else _anything
        return _array(item, is_set=name in _SETS)

    def _mapping(self, annotation: Any) -> Convert:
        arguments = getattr(annotation, "__args__", ())
        name, item = map(self.compile, arguments) if arguments else (_anything, _anything)

        def convert(value: Any) -> Any:
            found = {}
            for key, part in _as_mapping(value, "a mapping").items():
                try:
                    found[name(key)] = item(part)
                except Unfit as unfit:
                    unfit.names.insert(0, str(key))
                    raise
            return found

        return convert

    def _model(self, annotation: Any, kind: Any) -> Convert | None:
        """The converter for a class with fields; None for another type."""
        if _is_pydantic(annotation):
            from edgeroutes.runtime.fields import require_complete

            require_complete(annotation, self._where)
            return _by_pydantic(annotation)
        if not isinstance(kind, type):
            return None
        if hasattr(kind, "__json__"):
            return _own_json(kind)
        for mark, make in (
            ("__dataclass_fields__", self._dataclass),
            ("__struct_fields__", self._struct),
            ("__total__", self._typed_dict),
            ("_field_defaults", self._named_tuple),
        ):
            if hasattr(kind, mark):
                return self._once(annotation, lambda make=make: make(annotation, kind))  # type: ignore[misc]  # mypy wants its type
        return None

    def _dataclass(self, annotation: Any, kind: Any) -> Convert:
        from dataclasses import MISSING, fields

        from edgeroutes.runtime.fields import field_owner, type_variables

        variables = type_variables(annotation)
        found = []
        for field in fields(kind):
            owner = field_owner(kind, field.name)
            convert = self._field(field.type, owner, kind, field.name, variables.get(owner, {}))
            default = field.default_factory if field.default_factory is not MISSING else _constant(field.default)
            has_default = field.default is not MISSING or field.default_factory is not MISSING
            found.append(Field(field.name, field.name, convert, default if has_default else None))
        names = [field.name for field in fields(kind) if field.init]
        computes = hasattr(kind, "__post_init__") or len(names) < len(found)
        return _object(kind, found, _builder(kind, names) if computes else None)

    def _typed_dict(self, annotation: Any, kind: Any) -> Convert:
        from edgeroutes.runtime.fields import required_keys, type_variables

        required = self._reading(kind, lambda: required_keys(kind))
        hints = self._hints(kind)
        variables = type_variables(annotation).get(kind, {})
        return _object(
            kind,
            [
                Field(
                    name,
                    name,
                    self._field(hint, kind, kind, name, variables),
                    None if name in required else _constant(ABSENT),
                )
                for name, hint in hints.items()
            ],
        )

    def _named_tuple(self, annotation: Any, kind: Any) -> Convert:
        from edgeroutes.runtime.fields import type_variables

        hints, defaults = self._hints(kind), kind._field_defaults  # documented
        variables = type_variables(annotation).get(kind, {})
        found = [
            Field(
                name,
                name,
                self._field(hints.get(name, object), kind, kind, name, variables),
                _constant(defaults[name]) if name in defaults else None,
            )
            for name in kind._fields
        ]
        convert = _object(kind, found)

        def convert_tuple(value: Any) -> Any:
            if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
                if len(value) > len(found):
                    raise Unfit(f"must have {len(found)} items")
                value = {field.name: part for field, part in zip(found, value, strict=False)}
            return list(convert(value).values())

        return convert_tuple

    def _struct(self, annotation: Any, kind: Any) -> Convert:
        structs = sys.modules["msgspec"].structs
        no_default = sys.modules["msgspec"].NODEFAULT
        settings = kind.__struct_config__
        found = []
        for field in self._reading(kind, lambda: structs.fields(annotation)):
            default = None
            if field.default_factory is not no_default:
                default = field.default_factory
            elif field.default is not no_default:
                default = _constant(field.default)
            found.append(Field(field.name, field.encode_name, self.compile(field.type), default))
        convert = _object(kind, found)
        tag = {settings.tag_field: settings.tag} if settings.tag_field else {}

        def convert_struct(value: Any) -> Any:
            items = convert(value)
            if settings.omit_defaults:
                items = {
                    field.key: items[field.key]
                    for field in found
                    if field.key in items and (field.default is None or items[field.key] != field.default())
                }
            items = {**tag, **items}
            return list(items.values()) if settings.array_like else items

        return convert_struct

    def _hints(self, kind: Any) -> dict[str, Any]:
        return self._reading(kind, lambda: class_hints(kind))  # type: ignore[no-any-return]

    def _reading(self, kind: Any, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except NameError as error:
            from edgeroutes.routing.argument_problems import IMPORT_IT

            raise RouteFileError(
                f"{kind.__name__} cannot be read: {error}", where=self._where, hint=IMPORT_IT
            ) from error

    def _field(self, hint: Any, owner: Any, kind: Any, name: str, variables: Mapping[Any, Any]) -> Convert:
        where = f"{self._where}, {kind.__name__}.{name}"
        return Compiler(module_namespace(owner), where, variables, self._made).compile(hint)

    def _leaf(self, annotation: Any, kind: Any = None) -> Convert:
        if annotation is str:
            return _text  # most leaves: what validates requests is not loaded for it
        from edgeroutes.http.problem import Problems
        from edgeroutes.runtime.validation import make_validator

        kind = annotation if kind is None else kind
        try:
            validate = make_validator(annotation, self._where)
        except RouteFileError:
            problem = f"the return type {describe(annotation)} cannot be used to convert a response"
            raise RouteFileError(problem, where=self._where, hint=_SUPPORTED) from None
        adapt = _NUMBERS.get(kind) or _Adapter(kind)

        def convert(value: Any) -> Any:
            value, is_made = adapt(value)
            if is_made:
                return value
            problems = Problems()
            made = validate(value, problems)
            if problems:
                raise Unfit(problems[0][1])
            return made

        return convert


class Field:
    """One field of a class.

    Args:
        name: Of the attribute.
        key: In JSON.
        convert: Its converter.
        default: Makes its default; None where there is none.
    """

    __slots__ = ("convert", "default", "key", "name")

    def __init__(self, name: str, key: str, convert: Convert, default: Callable[[], Any] | None) -> None:
        self.name = name
        self.key = key
        self.convert = convert
        self.default = default


def _object(kind: Any, fields: list[Field], build: Callable[[Any], Any] | None = None) -> Convert:
    """Fields of a mapping or of an object's attributes; `build` makes an instance where fields are computed."""
    expected = f"{kind.__name__}, a mapping or an object with its attributes"
    unset = getattr(sys.modules.get("msgspec"), "UNSET", ABSENT)

    def convert(value: Any) -> dict[str, Any]:
        read = _reader(value, expected)
        if build is not None and not isinstance(value, kind):
            read = _reader(build(read), expected)
        found = {}
        for field in fields:
            part = read(field)
            if part is ABSENT:
                if field.default is None:
                    raise Unfit("is missing", field.key)
                part = field.default()
            if part is ABSENT or part is unset:
                continue
            try:
                found[field.key] = field.convert(part)
            except Unfit as unfit:
                unfit.names.insert(0, field.key)
                raise
        return found

    return convert


def _reader(value: Any, expected: str) -> Callable[[Field], Any]:
    """Reads one field of a value."""
    if isinstance(value, Mapping) or _is_row(value):
        mapping = _as_mapping(value, expected)
        return lambda field: mapping.get(field.key, mapping.get(field.name, ABSENT))
    if isinstance(value, _NOT_OBJECTS) or (isinstance(value, tuple) and not hasattr(value, "_fields")):
        raise Unfit(f"must be {expected} (got {type(value).__name__})")
    return lambda field: getattr(value, field.name, ABSENT)


def _builder(kind: Any, names: list[str]) -> Callable[[Any], Any]:
    def build(read: Callable[[Field], Any]) -> Any:
        given = {name: read(Field(name, name, _anything, None)) for name in names}
        try:
            return kind(**{name: part for name, part in given.items() if part is not ABSENT})
        except (TypeError, ValueError) as error:
            raise Unfit(str(error)) from error

    return build


def _is_row(value: Any) -> bool:
    """Whether it is a database's row, which has keys and is not a Mapping: sqlite3, asyncpg."""
    return hasattr(value, "keys") and hasattr(value, "__getitem__") and not isinstance(value, type)


def _as_mapping(value: Any, expected: str) -> Mapping[Any, Any]:
    if isinstance(value, Mapping):
        return value
    if _is_row(value):
        return dict(value)
    raise Unfit(f"must be {expected} (got {type(value).__name__})")


def _array(item: Convert, *, is_set: bool) -> Convert:
    def convert(value: Any) -> list[Any]:
        return _converted(item, dict.fromkeys(value) if is_set and isinstance(value, (list, tuple)) else value)

    return convert


def _converted(item: Convert, values: Any) -> list[Any]:
    if isinstance(values, (str, bytes, bytearray, Mapping)) or not hasattr(values, "__iter__"):
        raise Unfit(f"must be a list (got {type(values).__name__})")
    found: list[Any] = []
    try:
        for value in values:
            found.append(item(value))  # noqa: PERF401  # its length is the place of what does not fit
    except Unfit as unfit:
        unfit.names.insert(0, str(len(found)))
        raise
    return found


def _fixed(items: list[Convert]) -> Convert:
    def convert(value: Any) -> list[Any]:
        parts = _converted(_anything, value)
        if len(parts) != len(items):
            raise Unfit(f"must have {len(items)} items (got {len(parts)})")
        pending = iter(items)
        return _converted(lambda part: next(pending)(part), parts)  # noqa: PLW0108  # the next one for each part

    return convert


class _Union:
    """One of several types: that of the value's class, or of the nearest class it inherits from, or the one that fits best."""

    def __init__(self, choices: list[tuple[type | None, Convert]]) -> None:
        self._by_class = {kind: convert for kind, convert in choices if kind is not None}
        self._converts = [convert for _, convert in choices]

    def __call__(self, value: Any) -> Any:
        for kind in type(value).__mro__:
            if kind in self._by_class:
                return self._by_class[kind](value)
        best, matched, messages = None, -1, []
        for convert in self._converts:
            try:
                found = convert(value)
            except Unfit as unfit:
                messages.append(str(unfit))
                continue
            shared = len(found.keys() & value.keys()) if isinstance(found, dict) and isinstance(value, dict) else 0
            if shared > matched:
                best, matched = found, shared
        if matched < 0:
            raise Unfit("; or ".join(dict.fromkeys(messages)))
        return best


def _runtime_class(annotation: Any) -> type | None:
    """The class whose instances the annotation describes; None where a class does not show it."""
    kind = origin(annotation) or annotation
    is_typed_dict = hasattr(kind, "__total__")
    if is_literal(annotation) or not isinstance(kind, type) or kind is object or is_typed_dict:
        return None
    return kind


def _by_pydantic(annotation: Any) -> Convert:
    """Conversion by pydantic, as FastAPI uses it: from attributes, by alias, computed fields included."""
    from pydantic import TypeAdapter, ValidationError
    from pydantic_core import PydanticSerializationError

    adapter: Any = TypeAdapter(annotation)

    def validated(value: Any) -> Any:
        try:
            return adapter.validate_python(value, from_attributes=True)
        except ValidationError as error:
            raise Unfit(_listed(error)) from error

    def convert(value: Any) -> Any:
        if not isinstance(value, Mapping) and not hasattr(value, "__pydantic_fields__") and _is_row(value):
            value = dict(value)
        made = validated(value)
        try:
            return adapter.dump_python(made, mode="json", by_alias=True, warnings="error")
        except PydanticSerializationError:
            # A field has a value that was not validated: the instance was changed or constructed without validation.
            made = validated(adapter.dump_python(made, by_alias=True, warnings=False))
            return adapter.dump_python(made, mode="json", by_alias=True, warnings=False)

    return convert


def _listed(error: Any) -> str:
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    lines = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}".removeprefix(": ") for each in problems[:_MAX_LISTED]]
    return "; ".join([*lines, "…"] if len(problems) > _MAX_LISTED else lines)


def _is_pydantic(annotation: Any) -> bool:
    kind = annotation if isinstance(annotation, type) else origin(annotation)
    return isinstance(kind, type) and (
        hasattr(kind, "__pydantic_validator__") or hasattr(kind, "__get_pydantic_core_schema__")
    )


def _own_json(kind: Any) -> Convert:
    def convert(value: Any) -> Any:
        if not isinstance(value, kind):
            raise Unfit(f"must be a {kind.__name__} (got {type(value).__name__})")
        return kind.__json__(value)

    return convert


def _constant(value: Any) -> Callable[[], Any]:
    return lambda: value


def _anything(value: Any) -> Any:
    return value


def _null(value: Any) -> None:
    if value is not None:
        raise Unfit(f"must be None (got {type(value).__name__})")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Unfit("must be a string")
    return str.__str__(value)


def _is_leaf(kind: Any) -> bool:
    from edgeroutes.runtime.conversion import scalar_converter

    return isinstance(kind, EnumMeta) or is_literal(kind) or kind in _NUMBERS or scalar_converter(kind, "") is not None


def _as_str(value: Any) -> tuple[Any, bool]:
    return (str.__str__(value) if isinstance(value, str) else value), False


def _as_bool(value: Any) -> tuple[Any, bool]:
    return _from_text(bool, value), False


def _as_int(value: Any) -> tuple[Any, bool]:
    if hasattr(value, "__index__"):
        return value.__index__(), False
    return _from_text(int, value), False


def _as_float(value: Any) -> tuple[Any, bool]:
    is_number = hasattr(value, "__float__") and not isinstance(value, bool)
    return (float(value) if is_number else _from_text(float, value)), False


# Makes JSON's own class of a value that is nearly one, such as a subclass, a number of numpy's, or a string of digits.
_NUMBERS: dict[Any, Callable[[Any], tuple[Any, bool]]] = {str: _as_str, bool: _as_bool, int: _as_int, float: _as_float}


def _from_text(kind: Any, value: Any) -> Any:
    from edgeroutes.runtime.conversion import scalar_converter

    convert = scalar_converter(kind, "")
    try:
        return convert(value) if isinstance(value, str) and convert is not None else value
    except ValueError as error:
        raise Unfit(str(error)) from error


class _Adapter:
    """Takes instances of a class such as `date` or UUID as they are; anything else is left to the validator."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind if isinstance(kind, type) else ()
        self._is_date = getattr(kind, "__name__", "") == "date"

    def __call__(self, value: Any) -> tuple[Any, bool]:
        if self._is_date and hasattr(value, "date"):
            value = value.date()  # of a datetime, which is a date by class
        return value, isinstance(value, self._kind)
