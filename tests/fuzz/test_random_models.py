"""Random body types get random JSON, forms and bytes: 200 or 400, and never an exception, a 500 or a second of CPU time."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import json
import time
import uuid
from functools import reduce
from operator import or_
from types import NoneType
from typing import Any, Literal, TypedDict

import msgspec
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.problem import problem_response
from edgeroutes.http.request import Request
from edgeroutes.http.request_bodies import FormLimits
from edgeroutes.runtime.binding import bind
from edgeroutes.runtime.starlette_bridge import read_form
from tests.fakes.incoming import FakeIncoming
from tests.fuzz.profile import fuzzed


class Color(enum.Enum):
    """Values that texts and numbers become."""

    RED = "red"
    ONE = 1


@dataclasses.dataclass
class Leaf:
    """Contains itself, in every way that a type can."""

    name: str
    number: float = 0.0
    next: Leaf | None = None
    others: list[Leaf | Branch | str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Branch:
    """A second one with the same fields, so that unions have something to choose."""

    name: str
    others: dict[str, Leaf | Branch] = dataclasses.field(default_factory=dict)


class Typed(TypedDict, total=False):
    """Contains itself, too."""

    kind: Literal["a", "b"]
    parts: list[Typed | Leaf]


class Model(pydantic.BaseModel):
    """pydantic's, with a union of others that are defined after it."""

    name: str = ""
    parts: list[Model | Second | float] = []


class Second(pydantic.BaseModel):
    """The other one."""

    name: int
    parts: list[Model | Second] = []


class Struct(msgspec.Struct):
    """msgspec's."""

    name: str | int | None = None
    parts: list[Struct] = []


SCALARS = [
    str,
    int,
    float,
    bool,
    None,
    Any,
    uuid.UUID,
    decimal.Decimal,
    datetime.date,
    datetime.datetime,
    datetime.time,
    Color,
]
LITERALS = [Literal["a", "b"], Literal[1, True], Literal["1", 1]]
HASHABLE = [str, int, float, bool, uuid.UUID, decimal.Decimal, Color, LITERALS[0]]
MODELS: list[Any] = [Leaf, Branch, Typed, Model, Second, Struct]
FIELDS = ["name", "number", "next", "others", "kind", "parts", "x", "y"]


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    hashable = st.sampled_from(HASHABLE)
    return st.one_of(
        inner.map(lambda kind: list[kind]),  # type: ignore[valid-type]
        inner.map(lambda kind: dict[str, kind]),  # type: ignore[valid-type]
        inner.map(lambda kind: tuple[kind, ...]),  # type: ignore[valid-type]
        inner.map(lambda kind: union_of([kind, None])),
        hashable.map(lambda kind: set[kind]),  # type: ignore[valid-type]
        st.tuples(st.sampled_from([str, int, decimal.Decimal]), inner).map(lambda pair: dict[pair[0], pair[1]]),  # type: ignore[misc]
        st.lists(inner, min_size=2, max_size=3).map(lambda kinds: tuple[tuple(kinds)]),  # type: ignore[misc]
        st.lists(inner, min_size=2, max_size=4).map(union_of),
        st.dictionaries(st.sampled_from(FIELDS), inner, min_size=1, max_size=3).map(dataclass_of),
    )


def union_of(kinds: list[Any]) -> Any:
    return reduce(or_, (NoneType if kind is None else kind for kind in kinds))


def dataclass_of(fields: dict[str, Any]) -> Any:
    return dataclasses.make_dataclass("Made", list(fields.items()))


ANNOTATIONS = st.recursive(st.sampled_from([*SCALARS, *LITERALS, *MODELS]), containers, max_leaves=6)
# Texts and numbers on which parsers and converters stumble.
TEXTS = st.one_of(
    st.text(st.characters(codec=None), max_size=6),  # lone surrogates too
    st.sampled_from(
        [
            "a",
            "red",
            "1",
            "1e6145",
            "-1e-9999",
            "NaN",
            "inf",
            "2026-11-30",
            "2026-11-30T10:00:00Z",
            "9" * 5_000,
            "0x1",
            "\ud800",
        ]
    ),
    st.uuids().map(str),
)
NUMBERS = st.one_of(st.integers(), st.floats(), st.sampled_from([10**400, -(10**4299), 1e308, -0.0, 2**63, 2**53 + 1]))
VALUES = st.recursive(
    st.one_of(TEXTS, NUMBERS, st.booleans(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(st.sampled_from(FIELDS), TEXTS), inner, max_size=4)
    ),
    max_leaves=20,
)
BODIES = st.one_of(
    VALUES.map(lambda value: json.dumps(value).encode()),
    VALUES.map(lambda value: json.dumps({"x": value, "y": value, "name": value, "parts": [value]}).encode()),
    st.tuples(st.integers(1, 400), VALUES).map(
        lambda pair: (
            b'{"x":' + b'{"name":"a","others":[' * pair[0] + json.dumps(pair[1]).encode() + b"]}" * pair[0] + b"}"
        )
    ),
    st.tuples(VALUES, st.integers(0, 40), st.binary(max_size=3)).map(
        lambda cut: (text := json.dumps(cut[0]).encode())[: cut[1]] + cut[2] + text[cut[1] :]
    ),
    st.binary(max_size=60),
)
PAIRS = st.tuples(st.one_of(st.sampled_from(FIELDS), st.text(max_size=3)), st.one_of(TEXTS, st.text(max_size=8)))
FORMS = st.one_of(
    st.lists(PAIRS, max_size=6).map(
        lambda pairs: "&".join(f"{name}={value}" for name, value in pairs).encode("utf-8", "surrogatepass")
    ),
    st.binary(max_size=60),
)
PARTS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                b'form-data; name="x"',
                b'form-data; name="name"',
                b"form-data",
                b'form-data; name="x"; filename="f"',
                b"",
                b'a; name="',
            ]
        ),
        st.binary(max_size=20),
        st.sampled_from([b"\r\n", b"\n", b"", b"\r\n\r\n"]),
    ),
    max_size=4,
)
MULTIPARTS = st.tuples(PARTS, st.sampled_from([b"--B--\r\n", b"--B--", b"--B\r\n", b"", b"--B-"])).map(
    lambda form: (
        b"".join(b"--B\r\nContent-Disposition: " + head + b"\r\n\r\n" + body + end for head, body, end in form[0])
        + form[1]
    )
)
TYPES = {
    "application/json": BODIES,
    "": BODIES,
    "application/x-www-form-urlencoded": FORMS,
    "multipart/form-data; boundary=B": MULTIPARTS,
}


class _Scope:
    """A request's scope, as far as arguments are read from it."""

    def __init__(self, incoming: FakeIncoming) -> None:
        self.params: dict[str, Any] = {}
        self.request = Request(incoming, "/x", {})


@fuzzed(120)
@given(ANNOTATIONS, st.data())
@pytest.mark.parametrize("content_type", TYPES)
def test_any_body_for_any_type_is_an_argument_or_400(content_type: str, annotation: Any, data: st.DataObject) -> None:
    model = annotation if annotation in MODELS else dataclass_of({"x": annotation})

    def handler(body: Any) -> None: ...

    handler.__annotations__["body"] = model
    binding = bind(handler, {}, "here")
    assert binding is not None
    for _ in range(4):
        body = data.draw(TYPES[content_type])
        _check(binding, [("content-type", content_type)] if content_type else [], body)


@fuzzed(120)
@given(
    st.sampled_from([*HASHABLE, list[int], list[str], set[Color], tuple[float, ...], bool | None, int | str]),
    st.data(),
)
def test_any_query_for_any_type_is_an_argument_or_400(annotation: Any, data: st.DataObject) -> None:
    def handler(x: Any) -> None: ...

    handler.__annotations__["x"] = annotation
    binding = bind(handler, {}, "here")
    assert binding is not None
    values = data.draw(st.lists(TEXTS, max_size=4))
    from urllib.parse import quote

    query = "&".join(f"x={quote(value, errors='surrogatepass')}" for value in values)
    _check(binding, [], b"", query)


def _check(binding: Any, headers: list[tuple[str, str]], body: bytes, query: str = "") -> None:
    incoming = FakeIncoming("POST", f"/x?{query}", headers, body)
    scope: Any = _Scope(incoming)
    began = time.thread_time()
    try:
        if headers and headers[0][1].startswith("multipart"):
            scope.request._form = read_form(scope.request, FormLimits())
        arguments = binding.arguments(scope)
    except HTTPError as error:
        assert 400 <= error.status < 500  # noqa: PT017
        response = problem_response(error, instance="/x", request_id="")
        assert len(str(response.body).encode()) < 64_000
    else:
        repr(arguments).encode()  # no lone surrogates
    assert time.thread_time() - began < 1
