from __future__ import annotations

import enum
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, Literal, NewType, Union
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeroutes.errors import RouteFileError
from edgeroutes.runtime.conversion import find_converter

SOME_UUID = "12345678-1234-5678-1234-567812345678"
UserId = NewType("UserId", int)


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (str, "", ""),
        (object, "a", "a"),
        (Any, "a", "a"),
        (int, "-7", -7),
        (int, "+007", 7),
        (float, "1.5", 1.5),
        (float, "-.5e3", -500.0),
        (float, "3", 3.0),
        (bool, "TRUE", True),
        (bool, "1", True),
        (bool, "on", True),
        (bool, "no", False),
        (bool, "0", False),
        (UUID, SOME_UUID, UUID(SOME_UUID)),
        (UUID, SOME_UUID.replace("-", "").upper(), UUID(SOME_UUID)),
        (date, "2026-02-28", date(2026, 2, 28)),
        (datetime, "2026-02-28T10:00:00Z", datetime(2026, 2, 28, 10, tzinfo=UTC)),
        (time, "10:30", time(10, 30)),
        (Decimal, "1.10", Decimal("1.10")),
        (Colour, "red", Colour.RED),
        (Level, "1", Level.LOW),
        (Literal["asc", "desc"], "asc", "asc"),
        (Literal[1, 2], "2", 2),
        (Annotated[int, "documented"], "7", 7),
        (UserId, "7", 7),
        (int | str, "7", 7),
        (str | int, "7", 7),
        (str | int, "x", "x"),
        (Union[int, float], "1.5", 1.5),  # noqa: UP007
    ],
)
def test_text_becomes_what_the_annotation_names(annotation: Any, text: str, value: object) -> None:
    converted = find_converter(annotation, "")(text)

    assert (converted, type(converted)) == (value, type(value))


@pytest.mark.parametrize(
    ("annotation", "texts", "message"),
    [
        (int, ["", "x", "1.0", "1_000", " 1", "1 ", "٣", "0x1", "1e3", "--1", "9" * 5000], "must be an integer"),
        (float, ["", "x", "nan", "inf", "-Infinity", "1e999", "1_0.0", ".", "1e", " 1"], "must be a number"),
        (bool, ["", "2", "yy", "None"], "must be true or false"),
        (UUID, ["", "x", SOME_UUID[:-1], f"{{{SOME_UUID}}}", f"urn:uuid:{SOME_UUID}"], "must be a UUID"),
        (date, ["", "2026-02-30", "2026-02-28T10:00", "28.2.2026"], "must be an ISO 8601 date"),
        (datetime, ["", "soon"], "must be an ISO 8601 date and time"),
        (time, ["", "25:00"], "must be an ISO 8601 time"),
        (
            Decimal,
            ["", "x", "NaN", "Infinity", "1_0", " 1", "٣", "1e6145", "1e999999999", "1e-999999999", "1" * 4301],
            "must be a decimal number",
        ),
        (Colour, ["", "RED", "green"], "must be one of red, blue"),
        (Literal[1, "two"], ["", "3"], "must be one of 1, two"),
        (int | bool, ["x"], "must be an integer or must be true or false"),
    ],
)
def test_text_that_does_not_fit_says_what_it_must_be(annotation: Any, texts: list[str], message: str) -> None:
    convert = find_converter(annotation, "")

    for text in texts:
        with pytest.raises(ValueError) as raised:  # noqa: PT011
            convert(text)
        assert (
            str(raised.value) in (message, "must be an integer") if annotation is int else str(raised.value) == message
        )


@pytest.mark.parametrize(
    "annotation", [dict, list[int], Text, bytes, int | list[int], dict[str, int], None, type(None)]
)
def test_a_type_that_no_text_becomes_is_refused(annotation: Any) -> None:
    with pytest.raises(RouteFileError, match=r"is not a supported parameter type. Use str, int, float, bool, UUID"):
        find_converter(annotation, "route.py")


@pytest.mark.parametrize(
    "annotation", [int, float, bool, UUID, date, datetime, time, Decimal, Literal["a", 1], int | date | UUID]
)
@given(
    st.text()
    | st.from_regex(r"[-+0-9:.TZWe]{1,40}", fullmatch=True)
    | st.sampled_from(["\ud800" * 10, "0000-00-00", "9" * 5000])
)
def test_any_text_converts_or_says_what_it_must_be(annotation: Any, text: str) -> None:
    convert = find_converter(annotation, "route.py")

    try:
        convert(text)
    except ValueError as error:
        message = str(error)
    else:
        message = "must be nothing else"
    assert message.startswith("must be ")
