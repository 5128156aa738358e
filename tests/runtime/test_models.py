from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pydantic
import pytest

from edgeroutes.http.field_problems import Problems, render_path
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.runtime.models import convert_form_model, json_reader, model_annotations, model_validator


class Item(pydantic.BaseModel):
    n: int


class Order(pydantic.BaseModel):
    title: Annotated[str, pydantic.Field(min_length=2)]
    items: list[Item] = []
    first_name: str = pydantic.Field(default="", alias="firstName")

    @pydantic.model_validator(mode="after")
    def check(self) -> Order:
        if self.title == "no":
            raise ValueError("no is no title")
        return self


class ItemStruct(msgspec.Struct):
    n: int


class OrderStruct(msgspec.Struct, rename="camel"):
    title: Annotated[str, msgspec.Meta(min_length=2)]
    items: list[ItemStruct] = []
    first_name: str = ""


def read(model: Any, body: bytes) -> tuple[Any, list[list[str]]]:
    problems = Problems()
    return json_reader(model)(body, problems), shown(problems)


def shown(problems: Problems) -> list[list[str]]:
    return [[render_path(path), message] for path, message in problems]


def test_a_body_becomes_the_model() -> None:
    body = b'\xef\xbb\xbf {"title": "ab", "items": [{"n": 1}], "firstName": "Ada"}'

    assert read(Order, body) == (Order(title="ab", items=[Item(n=1)], firstName="Ada"), [])
    assert read(OrderStruct, body) == (OrderStruct("ab", [ItemStruct(1)], "Ada"), [])


@pytest.mark.parametrize(
    ("model", "body", "problems"),
    [
        (
            Order,
            b'{"title": "a", "items": [{"n": 1}, {"n": "x"}, {}]}',
            [
                ["title", "String should have at least 2 characters"],
                ["items.1.n", "Input should be a valid integer, unable to parse string as an integer"],
                ["items.2.n", "Field required"],
            ],
        ),
        (Order, b'{"title": "no"}', [["", "Value error, no is no title"]]),
        (Order, b"[]", [["", "Input should be an object"]]),
        (
            OrderStruct,
            b'{"title": "ab", "items": [{"n": 1}, {"n": "x"}]}',
            [["items.1.n", "Expected `int`, got `str`"]],
        ),
        (OrderStruct, b'{"items": []}', [["title", "is required"]]),
        (OrderStruct, b'{"title": "ab", "items": [{}]}', [["items.0.n", "is required"]]),
        (OrderStruct, b"[]", [["", "Expected `object`, got `array`"]]),
    ],
)
def test_the_librarys_problems_have_our_form(model: Any, body: bytes, problems: list[list[str]]) -> None:
    assert read(model, body) == (None, problems)


@pytest.mark.parametrize("model", [Order, OrderStruct])
@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"title": "ab"} x'])
def test_what_is_no_json_is_said_to_be_none(model: Any, body: bytes) -> None:
    with pytest.raises(HTTPError, match="400 the body is no JSON: "):
        read(model, body)


def test_a_value_inside_another_model_is_validated_too() -> None:
    problems = Problems()

    assert model_validator(Item)({"n": 1}, problems) == Item(n=1)
    assert model_validator(ItemStruct)({"n": 1}, problems) == ItemStruct(1)
    assert problems == []
    assert model_validator(ItemStruct)({"n": "1"}, problems) is None
    assert shown(problems) == [["n", "Expected `int`, got `str`"]]


def test_a_forms_texts_are_converted_by_the_library() -> None:
    problems = Problems()

    assert convert_form_model(Item, {"n": "1"}, problems) == Item(n=1)
    assert convert_form_model(ItemStruct, {"n": "1"}, problems) == ItemStruct(1)
    assert problems == []
    assert convert_form_model(ItemStruct, {}, problems) is None
    assert shown(problems) == [["n", "is required"]]


def test_fields_have_the_names_that_a_form_has_for_them() -> None:
    assert list(model_annotations(Order)) == ["title", "items", "first_name", "firstName"]
    assert list(model_annotations(OrderStruct)) == ["title", "items", "firstName"]
