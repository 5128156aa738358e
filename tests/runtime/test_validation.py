from __future__ import annotations

import enum
import functools
import operator
import time
from dataclasses import dataclass, field, make_dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, NotRequired, Required, TypedDict
from uuid import UUID

import msgspec
import pydantic
import pytest

from edgeroutes.errors import RouteFileError
from edgeroutes.http.parameters import Query
from edgeroutes.http.problem import Problems, render_path
from edgeroutes.runtime.fields import is_model
from edgeroutes.runtime.validation import make_validator

SOME_UUID = "12345678-1234-5678-1234-567812345678"


class Colour(enum.Enum):
    RED = "red"


@dataclass
class Address:
    city: str
    zip: str = ""


@dataclass(kw_only=True)
class Person:
    name: str
    addresses: list[Address] = field(default_factory=list)
    home: Address | None = None
    made: str = field(default="now", init=False)


@dataclass
class Tree:
    name: str
    children: list[Tree] = field(default_factory=list)


@dataclass
class Title:
    text: str

    def __post_init__(self) -> None:
        if len(self.text) > 3:
            raise ValueError("text must have at most 3 characters")


class Movie(TypedDict):
    title: str
    year: NotRequired[int]


class Loose(TypedDict, total=False):
    title: Required[str]
    tags: list[str]


class Model(pydantic.BaseModel):
    n: int


class Struct(msgspec.Struct):
    n: int


def validate(annotation: Any, value: Any) -> tuple[Any, list[list[str]]]:
    problems = Problems()
    converted = make_validator(annotation, "route.py")(value, problems)
    return converted, [["" if path is None else render_path(path), message] for path, message in problems]


@pytest.mark.parametrize(
    ("annotation", "value", "converted"),
    [
        (str, "a", "a"),
        (int, 1, 1),
        (int, 3.0, 3),
        (float, 1, 1.0),
        (float, 1.5, 1.5),
        (bool, True, True),
        (None, None, None),
        (Any, [{}], [{}]),
        (object, 1, 1),
        (int | None, None, None),
        (int | str, "a", "a"),
        (list[int], [1, 2], [1, 2]),
        (list, [1, "a"], [1, "a"]),
        (set[str], ["a", "a"], {"a"}),
        (frozenset[int], [1], frozenset([1])),
        (tuple[int, ...], [1, 2], (1, 2)),
        (tuple[int, str], [1, "a"], (1, "a")),
        (dict, {"a": 1}, {"a": 1}),
        (dict[str, int], {"a": 1}, {"a": 1}),
        (dict[int, str], {"1": "a"}, {1: "a"}),
        (dict[Colour, int], {"red": 1}, {Colour.RED: 1}),
        (dict[Any, int], {"a": 1}, {"a": 1}),
        (Literal["a", 1] | None, "a", "a"),
        (Literal["a", 1] | None, None, None),
        (Colour, "red", Colour.RED),
        (date, "2026-01-02", date(2026, 1, 2)),
        (UUID, SOME_UUID, UUID(SOME_UUID)),
        (Decimal, "1.10", Decimal("1.10")),
        (Decimal, 1.5, Decimal("1.5")),
        (Annotated[int, "doc"], 1, 1),
        (Address, {"city": "Bern", "unknown": 1}, Address("Bern")),
        (
            Person,
            {"name": "Ada", "addresses": [{"city": "Bern"}], "home": None},
            Person(name="Ada", addresses=[Address("Bern")]),
        ),
        (Tree, {"name": "a", "children": [{"name": "b"}]}, Tree("a", [Tree("b")])),
        (Movie, {"title": "M", "extra": 1}, {"title": "M"}),
        (Loose, {"title": "M", "tags": ["a"]}, {"title": "M", "tags": ["a"]}),
        (Model, {"n": 1}, Model(n=1)),
        (list[Struct], [{"n": 1}], [Struct(1)]),
    ],
)
def test_json_becomes_what_the_annotation_names(annotation: Any, value: Any, converted: object) -> None:
    found, problems = validate(annotation, value)

    assert (found, type(found), problems) == (converted, type(converted), [])


@pytest.mark.parametrize(
    ("annotation", "value", "problems"),
    [
        (str, 1, [["", "must be a string"]]),
        (str, None, [["", "must be a string"]]),
        (int, True, [["", "must be an integer"]]),
        (int, 1.5, [["", "must be an integer"]]),
        (int, "1", [["", "must be an integer"]]),
        (float, True, [["", "must be a number"]]),
        (float, 10**400, [["", "must be a number"]]),
        (bool, 1, [["", "must be true or false"]]),
        (None, 0, [["", "must be null"]]),
        (int | None, "a", [["", "must be an integer"]]),
        (int | str, [], [["", "must be an integer or must be a string"]]),
        (list[int], {}, [["", "must be a list"]]),
        (list[int], [1, "a", None], [["1", "must be an integer"], ["2", "must be an integer"]]),
        (set[str], [["unhashable"], {}], [["0", "must be a string"], ["1", "must be a string"]]),
        (tuple[int, str], [1], [["", "must be a list of 2"]]),
        (tuple[int, str], ["a", 1], [["0", "must be an integer"], ["1", "must be a string"]]),
        (dict[str, int], [], [["", "must be an object"]]),
        (dict[str, int], {"a": "b"}, [["a", "must be an integer"]]),
        (dict[int, str], {"a": "b"}, [["a", "its name must be an integer"]]),
        (Literal["a", 1], True, [["", "must be one of a, 1"]]),
        (Colour, "green", [["", "must be one of red"]]),
        (Colour, {}, [["", "must be one of red"]]),
        (date, "soon", [["", "must be an ISO 8601 date"]]),
        (date, 5, [["", "must be an ISO 8601 date"]]),
        (Decimal, True, [["", "must be a decimal number"]]),
        (Address, [], [["", "must be an object"]]),
        (Address, {}, [["city", "is required"]]),
        (Address, {"zip": 1}, [["city", "is required"], ["zip", "must be a string"]]),
        (
            Person,
            {"name": 1, "addresses": [{"city": "a"}, {"city": 2}, 3], "home": {"zip": 4}},
            [
                ["name", "must be a string"],
                ["addresses.1.city", "must be a string"],
                ["addresses.2", "must be an object"],
                ["home.city", "is required"],
                ["home.zip", "must be a string"],
            ],
        ),
        (
            Tree,
            {"name": "a", "children": [{"children": [{}]}]},
            [["children.0.name", "is required"], ["children.0.children.0.name", "is required"]],
        ),
        (Title, {"text": "long"}, [["", "text must have at most 3 characters"]]),
        (list[Title], [{"text": "long"}], [["0", "text must have at most 3 characters"]]),
        (Movie, {"year": "x"}, [["title", "is required"], ["year", "must be an integer"]]),
        (Address | Title, {"zip": 1}, [["city", "is required"], ["zip", "must be a string"]]),
    ],
)  # fmt: skip
def test_every_problem_is_named_with_its_field(annotation: Any, value: Any, problems: list[list[str]]) -> None:
    assert sorted(validate(annotation, value)[1]) == sorted(problems)


def test_a_field_made_by_the_dataclass_itself_is_not_taken_from_the_body() -> None:
    assert validate(Person, {"name": "Ada", "made": "then"})[0].made == "now"


@pytest.mark.parametrize("annotation", [object(), bytes, complex, list[bytes], dict[str, bytes], "Later"])
def test_a_type_that_json_cannot_become_is_refused(annotation: Any) -> None:
    with pytest.raises(RouteFileError, match=r"is not a supported body type. Use JSON's own types"):
        make_validator(annotation, "route.py")


def test_a_field_whose_type_is_for_type_checkers_only_is_refused_by_name() -> None:
    @dataclass
    class Broken:
        at: Missing  # type: ignore[name-defined] # noqa: F821

    with pytest.raises(RouteFileError, match=r"route.py, field 'at': its annotation 'Missing' cannot be read"):
        make_validator(Broken, "route.py")


def test_what_a_body_can_be() -> None:
    assert [
        kind for kind in (Address, Movie, Model, Struct, int, dict, list[Address], Address("a")) if is_model(kind)
    ] == [
        Address,
        Movie,
        Model,
        Struct,
    ]


@dataclass
class And:
    args: list[And | Or | Leaf]


@dataclass
class Or:
    args: list[And | Or | Leaf]


@dataclass
class Leaf:
    field: str


@dataclass
class Circle:
    kind: Literal["circle", "disc"]
    radius: int


@dataclass
class Square:
    kind: Literal["square", 4]
    radius: int


@dataclass
class Untagged:
    side: int
    kind: str = ""


@dataclass
class Defaulted:
    kind: Literal["a"] = "a"
    n: int = 0


@dataclass
class DefaultedToo:
    kind: Literal["b"] = "b"
    n: int = 0


SHAPE = Circle | Square


@pytest.mark.parametrize(
    ("annotation", "value", "converted"),
    [
        (SHAPE, {"kind": "disc", "radius": 1}, Circle("disc", 1)),
        (SHAPE, {"kind": 4, "radius": 1}, Square(4, 1)),
        (SHAPE | Untagged, {"kind": "x", "side": 1}, Untagged(1, "x")),
        (Annotated[Circle, "doc"] | Square, {"kind": "square", "radius": 1}, Square("square", 1)),
        (Annotated[SHAPE, "doc"] | Untagged, {"kind": "x", "side": 1}, Untagged(1, "x")),
        (Movie | Loose, {"title": "M", "tags": ["a"]}, {"title": "M"}),
        (Movie | Circle, {"kind": "disc", "radius": 1}, Circle("disc", 1)),
        (Defaulted | DefaultedToo, {"kind": "b"}, DefaultedToo()),
        (Defaulted | DefaultedToo, {}, Defaulted()),
        (SHAPE | str, "a", "a"),
        (SHAPE | dict[str, int], {"a": 1}, {"a": 1}),
        (date | str, "2026-01-02", date(2026, 1, 2)),
        (str | date, "2026-01-02", "2026-01-02"),
        (list[int] | list[str], ["a"], ["a"]),
        (And | Or | Leaf, {"args": [{"args": []}, {"field": "a"}]}, And([And([]), Leaf("a")])),
        (Model | Struct, {"n": 1}, Model(n=1)),
        (Colour | int, 1, 1),
    ],
)
def test_a_union_takes_the_first_type_that_fits(annotation: Any, value: Any, converted: object) -> None:
    assert validate(annotation, value) == (converted, [])


@pytest.mark.parametrize(
    ("annotation", "value", "problems"),
    [
        (SHAPE, {"kind": "disc"}, [["radius", "is required"]]),
        (SHAPE, {"kind": "oval", "radius": 1}, [["kind", "must be one of circle, disc, square, 4"]]),
        (SHAPE, {"kind": True, "radius": 1}, [["kind", "must be one of circle, disc, square, 4"]]),
        (SHAPE, {"kind": [{}], "radius": 1}, [["kind", "must be one of circle, disc, square, 4"]]),
        (SHAPE, {"radius": 1}, [["kind", "is required"]]),
        (SHAPE, 1, [["", "must be an object"]]),
        (SHAPE | str, 1, [["", "must be an object or must be a string"]]),
        (SHAPE | Untagged, {"kind": "x"}, [["side", "is required"]]),
        (Defaulted | DefaultedToo, {"kind": "c"}, [["kind", "must be one of a, b"]]),
        (list[int] | list[str], ["a", 1], [["0", "must be an integer"]]),
        (And | Or | Leaf, {"args": [{"args": [{"field": 1}]}]}, [["args.0.args.0.field", "must be a string"]]),
    ],
)
def test_a_union_reports_on_the_type_that_comes_nearest(annotation: Any, value: Any, problems: list[list[str]]) -> None:
    assert validate(annotation, value)[1] == problems


class Counting(str):  # noqa: SLOT000
    """Counts how often it is validated: validators look at a value's class."""

    looks = 0

    @property
    def __class__(self) -> type:  # type: ignore[override]
        Counting.looks += 1
        return str


def looks_at_the_leaf(levels: int) -> int:
    value: Any = {"field": Counting("a"), "more": 1}
    for _ in range(levels):
        value = {"args": [value, {"field": 1}]}
    Counting.looks = 0
    assert validate(And | Or | Leaf, value)[1]
    return Counting.looks


def test_a_value_in_a_tree_of_unions_is_looked_at_as_often_however_deep_it_lies() -> None:
    few, many = looks_at_the_leaf(4), looks_at_the_leaf(60)

    assert 0 < many == few


@dataclass
class Watched:
    made: ClassVar[int] = 0

    def __post_init__(self) -> None:
        Watched.made += 1
        raise ValueError("no")


def test_problems_stop_at_one_more_than_a_response_lists() -> None:
    Watched.made = 0
    in_list = validate(list[Watched], [{}] * 100_000)[1]
    in_object = validate(dict[str, Watched], {str(number): {} for number in range(100_000)})[1]
    in_names = validate(dict[int, int], {f"x{number}": 1 for number in range(100_000)})[1]

    assert [len(in_list), in_list[100], len(in_object), in_object[100]] == [101, ["100", "no"]] * 2
    assert [len(in_names), in_names[100]] == [101, ["x100", "its name must be an integer"]]
    assert Watched.made == 202


def test_a_long_path_and_a_long_name_are_shortened() -> None:
    value: Any = {"name": 1}
    for _ in range(90):
        value = {"name": "a", "children": [value]}

    (deep,) = validate(Tree, value)[1]
    (long,) = validate(dict[str, int], {"x" * 100_000: "a"})[1]

    assert deep == ["children.0." * 9 + "c…" + ("children.0." * 90 + "name")[-99:], "must be a string"]
    assert long == ["x" * 80 + "…", "must be an integer"]


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (set[int], [number * (2**61 - 1) for number in range(1, 20_000)]),
        (frozenset[int | str], [number * (2**61 - 1) for number in range(1, 20_000)]),
        (set[Decimal], [str(number * (2**61 - 1)) for number in range(1, 20_000)]),
        (set[UUID], [str(UUID(int=number * (2**61 - 1))) for number in range(1, 20_000)]),
        (dict[int, int], {str(number * (2**61 - 1)): 1 for number in range(1, 20_000)}),
    ],
)
def test_values_that_were_chosen_for_their_hash_are_refused(annotation: Any, value: Any) -> None:
    """A set of them takes quadratic time: 20,000 take seconds."""
    began = time.thread_time()
    problems = Problems()
    make_validator(annotation, "here")(value, problems)
    assert [message for _, message in problems] == ["has too many different items with the same hash"]
    assert time.thread_time() - began < 1


def test_many_items_of_a_set_are_taken() -> None:
    problems = Problems()
    assert make_validator(set[int], "here")([*range(20_000), *[7] * 20_000], problems) == set(range(20_000))
    assert make_validator(dict[int, str], "here")({str(number): "a" for number in range(2_000)}, problems)[7] == "a"
    assert not problems


def test_a_value_is_found_among_many_literals_at_once() -> None:
    many: Any = Literal[tuple(f"v{number}" for number in range(20_000))]
    problems = Problems()
    began = time.thread_time()
    make_validator(list[many], "here")(["v19999"] * 20_000, problems)
    make_validator(many, "here")([], problems)
    make_validator(Literal[1], "here")(True, problems)
    assert len(problems) == 2
    assert time.thread_time() - began < 1


def seconds(annotation: Any, value: Any) -> float:
    """The least CPU time of several validations."""
    validate = make_validator(annotation, "x")
    best = float("inf")
    for _ in range(5):
        problems, start = Problems(), time.process_time()
        validate(value, problems)
        best = min(best, time.process_time() - start)
        assert not problems
    return best


def test_a_union_costs_no_more_than_a_few_times_its_last_type() -> None:
    models = [
        make_dataclass(f"M{number}", [("a", kind), ("b", int, 0)]) for number, kind in enumerate([int, bool] * 10)
    ]
    models.append(last := make_dataclass("Last", [("a", str), ("b", int, 0)]))
    items = [{"a": "x"}, {"a": "y", "b": 1}] * 5_000
    cases: list[tuple[Any, Any, list[Any]]] = [
        (list[functools.reduce(operator.or_, models)], list[last], items),  # type: ignore[misc]
        (list[int | float | str], list[str], ["x"] * 20_000),
        (list[int | float | str], list[int], [1] * 20_000),
    ]
    ratios = [seconds(union, value) / seconds(alone, value) for union, alone, value in cases]
    assert [ratio for ratio in ratios if ratio > 5] == []


def test_a_union_tries_types_that_only_values_tell_apart() -> None:
    low = make_dataclass("Low", [("a", Annotated[int, Query(lt=5)])])
    high = make_dataclass("High", [("a", Annotated[int, Query(ge=5)]), ("b", str | None, None)])
    validate = make_validator(list[low | high], "x")  # type: ignore[valid-type]
    problems = Problems()
    made = validate([{"a": 1}, {"a": 7}, {"a": 7, "b": None}, {"a": 8, "b": "x"}], problems)
    assert (list(problems), made) == ([], [low(1), high(7), high(7), high(8, "x")])
    validate([{"a": 7, "b": []}], problems)
    assert [(error["field"], error["message"]) for error in problems.errors()] == [("0.a", "must be < 5")]
