from __future__ import annotations

from typing import Annotated, Any, Literal, NewType, Optional, Union

import pytest

from edgeroutes.runtime.annotations import describe, is_literal, origin, plain_type, without_none

UserId = NewType("UserId", int)


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (int, (int, False)),
        (int | None, (int, True)),
        (Optional[int], (int, True)),  # noqa: UP045
        (Annotated[int | None, "doc"], (Annotated[int, "doc"], True)),
        (Annotated[int, "doc"] | None, (Annotated[int, "doc"], True)),
        (int | str | None, (int | str | None, True)),
        (list[int] | None, (list[int], True)),
    ],
)
def test_or_none_is_optional(annotation: Any, expected: object) -> None:
    assert without_none(annotation) == expected


def test_generics_have_an_origin_and_unions_of_both_spellings_the_same() -> None:
    assert [origin(kind) for kind in (list[int], int | str, int)] == [list, origin(Union[int, str]), None]  # noqa: UP007
    assert plain_type(Annotated[UserId, 1]) is int


def test_an_annotation_is_described_as_it_was_written() -> None:
    assert [describe(kind) for kind in (int, Text, list[int], int | None)] == ["int", "Text", "list[int]", "int | None"]


def test_literals_are_known() -> None:
    assert [is_literal(kind) for kind in (Literal[1], int, int | str)] == [True, False, False]
