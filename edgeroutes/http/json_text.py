"""JSON text of the values that handlers return, compact. `json` itself is loaded on Lambda already; what reads JSON is in `json_body`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from json import encoder as _encoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any


def render_json(value: object) -> str:
    """`value` as compact JSON text; non-ASCII stays as it is.

    Besides JSON's own types it takes dataclasses, pydantic models, msgspec structs, dates and times, UUIDs, Decimals, paths,
    IP addresses and pydantic's URLs (as text), enums (by value), sets, mappings such as `headers()`, and anything with
    `__json__`. Keys may be such scalars, too.

    Raises:
        TypeError: For a value of another type.
        ValueError: For NaN or an infinity.
        RecursionError: For a structure that contains itself.
    """
    try:
        text = "".join(_encode(value, 0))
    except TypeError as error:
        if not str(error).startswith("keys must be"):
            raise
        value = _with_plain_keys(value)
        text = "".join(_encode(value, 0))
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:  # a lone surrogate: valid in a Python str, in no UTF-8
            return json.dumps(value, separators=(",", ":"), default=_plain, allow_nan=False)
    return text


def _with_plain_keys(value: Any) -> Any:
    """`value` with every key of a mapping in JSON's own types: a UUID, date, Decimal or enum as it is written as a value."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, Mapping):
        return {_plain_key(key): _with_plain_keys(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_plain_keys(part) for part in value]
    return _with_plain_keys(_plain(value))


def _plain_key(key: object) -> object:
    while not (key is None or isinstance(key, (str, int, float))):
        plain = _plain(key)
        if isinstance(plain, (Mapping, list, tuple)):
            raise TypeError(f"a key of type {type(key).__name__} is not supported in JSON: {key!r:.80}")
        key = plain
    return key


def _plain(value: object) -> object:
    """`value` in JSON's own types."""
    kind = type(value)
    convert = _converters.get(kind)
    if convert is None:
        convert = _converters[kind] = _find_converter(value)
    return convert(value)


def _find_converter(value: object) -> Callable[[object], object]:
    """How values of this one's type become JSON; told by shape, so that no library is loaded to find out."""
    if isinstance(value, type):
        return _refuse
    for attribute, find in _BY_SHAPE.items():
        if hasattr(value, attribute):
            return find(value)
    if isinstance(value, (set, frozenset)):
        return list  # type: ignore[return-value]  # it converts a set
    if isinstance(value, Mapping):
        return dict  # type: ignore[return-value]  # it converts a mapping
    if any(f"{kind.__module__}.".startswith(_WRITTEN_BY_STR) for kind in type(value).__mro__):
        return str
    return _refuse


def _refuse(value: object) -> object:
    raise TypeError(f"a value of type {type(value).__name__} is not supported in JSON: {value!r:.80}")


def _dataclass_converter(value: object) -> Callable[[object], object]:
    from dataclasses import fields

    names = [field.name for field in fields(value)]  # type: ignore[arg-type]
    wanted = set(names)

    def convert(instance: object) -> object:
        found = getattr(instance, "__dict__", None)  # already complete, where no other attribute was set
        return found if found and found.keys() == wanted else {name: getattr(instance, name) for name in names}

    return convert


def _struct_converter(_: object) -> Callable[[object], object]:
    convert: Callable[[object], object] = sys.modules["msgspec"].to_builtins  # loaded by whoever made the struct
    return convert


# What has the attribute on the left becomes JSON by the converter that the function on the right gives; the first counts.
# Modules whose values JSON has as text. In CPython 3.13 `Path.__module__` is "pathlib._local".
_WRITTEN_BY_STR = ("uuid.", "decimal.", "ipaddress.", "pathlib.", "pydantic.networks.")
_BY_SHAPE: dict[str, Callable[[object], Callable[[Any], object]]] = {
    "__json__": lambda _: lambda value: value.__json__(),
    "__dataclass_fields__": _dataclass_converter,
    "model_dump": lambda _: lambda value: value.model_dump(mode="json", by_alias=True),
    "__struct_fields__": _struct_converter,
    "isoformat": lambda _: lambda value: value.isoformat(),
    "_value_": lambda _: lambda value: value._value_,
}

# Types whose converter has been found; bounded by the classes of the program.
_converters: dict[type, Callable[[object], object]] = {}


# The C encoder, made once: `json.dumps` makes one for each call, which costs more than encoding a small value.
_encode: Callable[[object, int], Iterable[str]] = _encoder.c_make_encoder(  # type: ignore[attr-defined]  # CPython's
    None, _plain, _encoder.encode_basestring, None, ":", ",", False, False, False
)
