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
from edgeroutes.http.json_text import render_json
from edgeroutes.http.request_bodies import parse_json

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


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
        (
            {UUID(int=1): {date(2026, 1, 2): [{Decimal("1.5"): 1}]}},
            '{"00000000-0000-0000-0000-000000000001":{"2026-01-02":[{"1.5":1}]}}',
        ),
        ({Colour.RED: 1, 2: 3, None: 4}, '{"red":1,"2":3,"null":4}'),
        (2**70, str(2**70)),
    ],
)
def test_values_that_handlers_return_become_compact_json(value: object, text: str) -> None:
    assert render_json(value) == text


def test_an_attribute_added_to_a_dataclass_is_not_a_field_of_it() -> None:
    point = Point(1)
    point.extra = 3  # type: ignore[attr-defined]

    assert render_json(point) == '{"x":1,"y":2,"hidden":[]}'


def test_half_a_surrogate_pair_is_escaped_for_utf_8_has_no_bytes_for_it() -> None:
    text = render_json({"a": "\ud800ä"})

    assert text == '{"a":"\\ud800\\u00e4"}'


@pytest.mark.parametrize("value", [object(), b"bytes", 1j, Point, Model, Struct, {("a", "b"): 1}, {1: {2: object()}}])
def test_what_is_not_json_is_refused(value: object) -> None:
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
        (b'"\\ud83d\\ude00 \\u00e4"', "\U0001f600 ä"),
        (b'["' + b"0e000" + b'", 1e99, -1E+99, 123e-400]', ["0e000", 1e99, -1e99, 0.0]),
        (b"[" * 200 + b"]" * 200, nested(200)),
        (b'{"a":1,"a":2}', {"a": 2}),
    ],
)
def test_json_is_read_whatever_stands_around_it(body: bytes, value: object) -> None:
    assert parse_json(body) == value


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "the request body is not valid JSON: Expecting value at line 1, column 1"),
        (b"   ", "the request body is not valid JSON: Expecting value at line 1, column 4"),
        (b'{"a":}', "the request body is not valid JSON: Expecting value at line 1, column 6"),
        (
            b"{'a':1}",
            "the request body is not valid JSON: Expecting property name enclosed in double quotes at line 1, column 2",
        ),
        (b"1 2", "the request body is not valid JSON: Extra data at line 1, column 3"),
        (b"{}\nx", "the request body is not valid JSON: Extra data at line 2, column 1"),
        (b"NaN", "the request body is not valid JSON: NaN is not a JSON value"),
        (b"[-Infinity]", "the request body is not valid JSON: -Infinity is not a JSON value"),
        (b'"\xff"', "the request body is not valid UTF-8: byte 1"),
        (b'"\xed\xa0\x80"', "the request body is not valid UTF-8: byte 1"),
        (b"[" * 200_000, "the body is nested too deep: 200 levels are allowed"),
        (b"[" * 201 + b"]" * 201, "the body is nested too deep: 200 levels are allowed"),
        (b'{"a":' * 500 + b"1" + b"}" * 500, "the body is nested too deep: 200 levels are allowed"),
    ],
)
def test_what_is_not_json_is_the_clients_mistake_and_says_where(body: bytes, detail: str) -> None:
    with pytest.raises(HTTPError) as raised:
        parse_json(body)

    assert (raised.value.status, raised.value.detail) == (400, detail)


FINITE = "must be a finite number of at most 4300 digits"
SURROGATE = "must not contain half of a surrogate pair"


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (b"1e400", [("body", FINITE)]),
        (b'{"items":[1,{"price":-1e999}]}', [("items.1.price", FINITE)]),
        (b'{"a":1E+0400}', [("a", FINITE)]),
        (b"[" + b"1" * 310 + b".5]", [("0", FINITE)]),
        (b"[" + b"1" * 211 + b"e99]", [("0", FINITE)]),
        (b'{"a":NaN,"b":[Infinity,-Infinity]}', [("a", FINITE), ("b.0", FINITE), ("b.1", FINITE)]),
        (b'{"n":' + b"1" * 4301 + b"}", [("n", FINITE)]),
        (b'{"n":-' + b"1" * 5000 + b',"m":NaN}', [("n", FINITE), ("m", FINITE)]),
        (rb'{"name":"a\ud800"}', [("name", SURROGATE)]),
        (rb'["\uDFFF",["\udc00\ud800"]]', [("0", SURROGATE), ("1.0", SURROGATE)]),
        (rb'{"a":{"\ud800":1}}', [("a.\\ud800", f"its name {SURROGATE}")]),
    ],
)
def test_what_no_response_could_hold_is_400_with_its_field(body: bytes, errors: list[tuple[str, str]]) -> None:
    with pytest.raises(HTTPError) as raised:
        parse_json(body)

    assert raised.value.status == 400
    assert [(error["field"], error["message"]) for error in raised.value.errors] == errors


def test_of_many_numbers_that_are_not_finite_a_hundred_and_one_are_looked_for() -> None:
    with pytest.raises(HTTPError) as raised:
        parse_json(b"[" + b"[1e999]," * 50_000 + b"1]")

    assert [error["field"] for error in raised.value.errors] == [f"{place}.0" for place in range(101)]


NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,12})(\.[0-9]{1,12})?([eE][+-]?[0-9]{1,4})?", fullmatch=True)
STRINGS = st.text(st.characters()).map(json.dumps)
TEXTS = st.recursive(
    NUMBERS | STRINGS,
    lambda inner: (
        st.lists(inner).map(lambda parts: f"[{','.join(parts)}]")
        | st.lists(st.tuples(STRINGS, inner)).map(lambda pairs: "{" + ",".join(f"{k}:{v}" for k, v in pairs) + "}")
    ),
    max_leaves=10,
)


def is_sendable(value: Any) -> bool:
    if isinstance(value, dict):
        return all(is_sendable(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return all(map(is_sendable, value))
    if isinstance(value, str):
        return not any("\ud800" <= letter <= "\udfff" for letter in value)
    return not isinstance(value, float) or abs(value) < float("inf")


@given(TEXTS)
def test_what_is_read_can_be_sent_on_and_all_else_is_refused_with_its_field(text: str) -> None:
    expected = json.loads(text)
    if is_sendable(expected):
        value = parse_json(text.encode())
        assert value == json.loads(render_json(value).encode()) == expected
        return
    with pytest.raises(HTTPError) as raised:
        parse_json(text.encode())
    assert raised.value.errors
