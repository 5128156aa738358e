from __future__ import annotations

import enum
import json
from dataclasses import InitVar, dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

import msgspec
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeroutes.http.headers import Headers
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.json_text import parse_json, render_json

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@dataclass
class Point:
    x: int
    y: int = 2
    kind: ClassVar[str] = "point"
    scale: InitVar[int] = 1
    hidden: list[int] = field(default_factory=list, repr=False)


@dataclass(slots=True)
class Slotted:
    point: Point


class Model(pydantic.BaseModel):
    at: date
    inner: list[UUID] = []


class Struct(msgspec.Struct):
    at: date
    name: str = "n"


class Named(msgspec.Struct, rename="camel"):
    first_name: str


class Pair(NamedTuple):
    a: int
    b: int


class Colour(enum.Enum):
    RED = "red"
    NONE = 0


class Size(enum.StrEnum):
    SMALL = "s"


class Own:
    def __json__(self) -> object:
        return {"own": True}


SOME_UUID = UUID("12345678-1234-5678-1234-567812345678")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [1, 2.5, None, True], "b": "ä✓"}, '{"a":[1,2.5,null,true],"b":"ä✓"}'),
        ((1, 2), "[1,2]"),
        (None, "null"),
        ("</script>\u2028", '"</script>\u2028"'),
        ({1: "a", None: "b", False: "c"}, '{"1":"a","null":"b","false":"c"}'),
        (Point(1), '{"x":1,"y":2,"hidden":[]}'),
        (Slotted(Point(1)), '{"point":{"x":1,"y":2,"hidden":[]}}'),
        ([Model(at=date(2026, 1, 2), inner=[SOME_UUID])], f'[{{"at":"2026-01-02","inner":["{SOME_UUID}"]}}]'),
        (Struct(date(2026, 1, 2)), '{"at":"2026-01-02","name":"n"}'),
        (Named("Ada"), '{"firstName":"Ada"}'),
        (Pair(1, 2), "[1,2]"),
        (Colour.RED, '"red"'),
        (Colour.NONE, "0"),
        (Size.SMALL, '"s"'),
        (HTTPStatus.OK, "200"),
        (Own(), '{"own":true}'),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), '"2026-01-02T03:04:05+00:00"'),
        (time(3, 4), '"03:04:00"'),
        (SOME_UUID, f'"{SOME_UUID}"'),
        (Decimal("1.10"), '"1.10"'),
        ({3}, "[3]"),
        (frozenset([3]), "[3]"),
        (Headers({"A": "1"}), '{"a":"1"}'),
        (MappingProxyType({"a": 1}), '{"a":1}'),
        (2**70, str(2**70)),
    ],
)
def test_values_that_handlers_return_become_compact_json(value: object, text: str) -> None:
    assert render_json(value) == text


def test_an_attribute_added_to_a_dataclass_is_no_field_of_it() -> None:
    point = Point(1)
    point.extra = 3  # type: ignore[attr-defined]

    assert render_json(point) == '{"x":1,"y":2,"hidden":[]}'


def test_half_a_surrogate_pair_is_escaped_for_utf_8_has_no_bytes_for_it() -> None:
    text = render_json({"a": "\ud800ä"})

    assert text == '{"a":"\\ud800\\u00e4"}'
    assert parse_json(text.encode()) == {"a": "\ud800ä"}


@pytest.mark.parametrize("value", [object(), b"bytes", 1j, Point, Model, Struct, {("a", "b"): 1}, {1: {2: object()}}])
def test_what_is_no_json_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        render_json(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [-float("inf")]])
def test_what_json_has_no_number_for_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        render_json(value)


def test_what_contains_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)

    with pytest.raises(RecursionError):
        render_json(value)


@given(VALUES)
def test_json_comes_back_as_it_went_in(value: Any) -> None:
    text = render_json(value)

    assert parse_json(text.encode()) == json.loads(text) == value


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": [1, 2.5, null]}', {"a": [1, 2.5, None]}),
        (b" \n[1]\t ", [1]),
        (b"\xef\xbb\xbf{}", {}),
        (b"\xef\xbb\xbf 1", 1),
        (b'"\\ud800"', "\ud800"),
        (b'{"a":1,"a":2}', {"a": 2}),
    ],
)
def test_json_is_read_whatever_stands_around_it(body: bytes, value: object) -> None:
    assert parse_json(body) == value


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "the body is no JSON: Expecting value at line 1, column 1"),
        (b"   ", "the body is no JSON: Expecting value at line 1, column 4"),
        (b'{"a":}', "the body is no JSON: Expecting value at line 1, column 6"),
        (b"{'a':1}", "the body is no JSON: Expecting property name enclosed in double quotes at line 1, column 2"),
        (b"1 2", "the body is no JSON: Extra data at line 1, column 3"),
        (b"{}\nx", "the body is no JSON: Extra data at line 2, column 1"),
        (b"NaN", "the body is no JSON: NaN is no JSON value"),
        (b"[-Infinity]", "the body is no JSON: -Infinity is no JSON value"),
        (b'"\xff"', "the body is no UTF-8: byte 1"),
        (b'"\xed\xa0\x80"', "the body is no UTF-8: byte 1"),
        (b"[" * 200_000, "the body is no JSON that can be read: it is nested too deep"),
    ],
)
def test_what_is_no_json_is_the_clients_mistake_and_says_where(body: bytes, detail: str) -> None:
    with pytest.raises(HTTPError) as raised:
        parse_json(body)

    assert (raised.value.status, raised.value.detail) == (400, detail)


def test_a_number_too_long_to_read_is_the_clients_mistake() -> None:
    with pytest.raises(HTTPError, match="400 the body is no JSON: Exceeds the limit"):
        parse_json(b"1" * 5000)
