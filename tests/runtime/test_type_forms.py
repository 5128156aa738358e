"""The forms of a type: forward references, generic classes, aliases that contain themselves; as an argument and as a response."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.project import RouteProject

    Make = Callable[..., RouteProject]

COMMON = """
from collections.abc import Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Generic, Literal, NamedTuple, Optional, TypedDict, TypeVar, Union
import msgspec
from pydantic import BaseModel, JsonValue
from typing_extensions import TypeAliasType
from edgeroutes import Body, Query
T = TypeVar("T")
class Color(str, Enum):
    red = "r"
    blue = "b"
Json = TypeAliasType("Json", "dict[str, Json] | list[Json] | str | int | float | bool | None")
Numbers = TypeAliasType("Numbers", Union[list["Numbers"], int])
Nested = TypeAliasType("Nested", "list[Nested[T]] | T", type_params=(T,))
@dataclass
class Node:
    v: int
    left: Optional["Node"] = None
    kids: list["Node"] = field(default_factory=list)
    by: "dict[str, 'Node']" = field(default_factory=dict)
class Link(TypedDict):
    v: int
    to: "list[Link]"
@dataclass
class Box(Generic[T]):
    item: T
    more: list[T] = field(default_factory=list)
@dataclass
class Boxes(Box[list[T]], Generic[T]):
    first: T | None = None
@dataclass
class Tree(Generic[T]):
    v: T
    kids: list["Tree[T]"] = field(default_factory=list)
class Row(TypedDict, Generic[T]):
    x: T
class Pair(NamedTuple, Generic[T]):
    a: T
    b: int = 2
class Struct(msgspec.Struct, Generic[T]):
    item: T
@dataclass
class Red:
    kind: Literal[Color.red]
    a: int
@dataclass
class Blue:
    kind: Literal[Color.blue]
    b: int
"""
LATER = """
class Item(BaseModel):
    a: int
@dataclass
class Plain:
    a: int
"""
# Those that are the body only with a marker.
MARKED = ("Pair[str]", "Json", "JsonValue", "Nested[str]", 'Sequence["Plain"]', '"Item"')
# The argument's annotation, which is the response's, too; a value that fits, and one that does not with the field that says so.
BODIES = [
    ('list["Item"]', [{"a": 1}], [{}], "0.a"),
    ('Optional["Item"]', {"a": 1}, {}, "a"),
    ('"Item"', {"a": 1}, {}, "a"),
    ('dict[str, "Plain"]', {"k": {"a": 1}}, {"k": {}}, "k.a"),
    ('"list[\'Plain\']"', [{"a": 1}], [{}], "0.a"),
    ("Node", {"v": 1, "left": None, "kids": [{"v": 2, "left": None, "kids": [], "by": {}}], "by": {}}, {"v": 1, "kids": [{}]}, "kids.0.v"),
    ("Link", {"v": 1, "to": [{"v": 2, "to": []}]}, {"v": 1, "to": [{"to": []}]}, "to.0.v"),
    ("Box[int]", {"item": 1, "more": [2]}, {"item": "x"}, "item"),
    ("Box[Box[str]]", {"item": {"item": "x", "more": []}, "more": []}, {"item": {"item": 1}}, "item.item"),
    ("Boxes[int]", {"item": [1], "more": [[2]], "first": 3}, {"item": [1], "first": "x"}, "first"),
    ("Tree[int]", {"v": 1, "kids": [{"v": 2, "kids": []}]}, {"v": 1, "kids": [{"v": "x"}]}, "kids.0.v"),
    ("Row[int]", {"x": 1}, {"x": "y"}, "x"),
    ("Pair[str]", ["x", 3], [1], "a"),
    ("Struct[int]", {"item": 1}, {"item": "x"}, "item"),
    ("list[Struct[int]]", [{"item": 1}], [{"item": "x"}], "0.item"),
    ("Json", {"a": [1, None, {"b": "c"}]}, None, ""),
    ("JsonValue", {"a": [1, None, {"b": "c"}]}, None, ""),
    ("Numbers", [1, [2, [3]]], ["x"], "0"),
    ("Nested[str]", ["a", ["b"]], [1], "0"),
    ("Red | Blue", {"kind": "b", "b": 1}, {"kind": "b"}, "b"),
    ("Red", {"kind": "r", "a": 1}, {"kind": "b", "a": 1}, "kind"),
    ('Sequence["Plain"]', [{"a": 1}], [{}], "0.a"),
    ('Mapping[str, "Plain"]', {"k": {"a": 1}}, {"k": {}}, "k.a"),
]  # fmt: skip


FUTURES = pytest.mark.parametrize("future", ["", "from __future__ import annotations\n"], ids=["objects", "strings"])


@FUTURES
@pytest.mark.parametrize("row", BODIES, ids=[row[0] for row in BODIES])
def test_a_type_is_the_same_in_every_form(project: Make, future: str, row: tuple[str, Any, Any, str]) -> None:
    annotation, good, bad, wrong = row
    argument = f"Annotated[{annotation}, Body()]" if annotation in MARKED else annotation
    source = f"{future}{COMMON}def POST(it: {argument}) -> {annotation!r}:\n    return it\n{LATER}"
    routes = project({"x/route.py": source}, debug=True)
    response = routes.post_json("/x", good)
    assert (response.status, response.json()) == (200, good)
    if wrong:
        response = routes.post_json("/x", bad)
        assert (response.status, [error["field"] for error in response.json().get("errors", ())]) == (400, [wrong])


STRINGS = [
    ('a: "int", b: "Optional[int]" = None', "[a, b]", "?a=1&b=2", [1, 2]),
    ('a: Annotated["int", Query("aa", ge=1)]', "[a]", "?aa=1", [1]),
    ("f: Annotated[Box[int], Query()]", "[f.item, f.more]", "?item=1&more=2&more=3", [1, [2, 3]]),
    ("a: Annotated[Sequence[int], Query()] = ()", "list(a)", "?a=1&a=2", [1, 2]),
    ("a: Annotated[AbstractSet[int], Query()]", "sorted(a)", "?a=1&a=1&a=2", [1, 2]),
    ("a: Literal[Color.red]", "[a, a is Color.red]", "?a=r", ["r", True]),
    ("a: bool, b: bool", "[a, b]", "?a=y&b=F", [True, False]),
]


@FUTURES
@pytest.mark.parametrize("row", STRINGS, ids=[row[0] for row in STRINGS])
def test_a_type_of_strings_is_the_same_in_every_form(
    project: Make, future: str, row: tuple[str, str, str, Any]
) -> None:
    signature, result, query, wanted = row
    routes = project({"x/route.py": f"{future}{COMMON}def GET({signature}):\n    return {result}\n"})
    response = routes.get(f"/x{query}")
    assert (response.status, json.loads(response.text)) == (200, wanted)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the syntax is of Python 3.12")
@FUTURES
def test_type_statements_and_type_parameters_work(project: Make, future: str) -> None:
    source = f"""{future}
from dataclasses import dataclass
from typing import Annotated, TypedDict
from edgeroutes import Body, Query
type Json = dict[str, Json] | list[Json] | int
type Page = Annotated[int, Query(ge=1)]
type Ids[T] = list[T]
@dataclass
class Box[T]:
    items: list[T]
class Row[T](TypedDict):
    x: T
def POST(it: Annotated[Json, Body()]) -> Json: return it
def GET(page: Page, ids: Annotated[Ids[int], Query()]): return [page, ids]
def PUT(it: Box[int]) -> Box[int]: return it
def PATCH(it: Row[int]) -> Row[int]: return it
"""
    routes = project({"x/route.py": source})
    assert routes.post_json("/x", {"a": [1]}).json() == {"a": [1]}
    assert routes.get("/x?page=2&ids=1").json() == [2, [1]]
    assert routes.get("/x?page=0").status == 400
    assert routes.post_json("/x", {"items": [1]}, "PUT").json() == {"items": [1]}
    assert routes.post_json("/x", {"items": ["a"]}, "PUT").status == 400
    assert routes.post_json("/x", {"x": 1}, "PATCH").json() == {"x": 1}


@pytest.mark.parametrize(
    "source",
    [
        'def POST(it: list["Nope"]):\n    return 1\n',
        'from dataclasses import dataclass\n@dataclass\nclass A:\n    x: list["Nope"]\ndef POST(it: A):\n    return 1\n',
    ],
)
def test_a_forward_reference_to_nothing_names_what_is_missing(project: Make, source: str) -> None:
    response = project({"x/route.py": source}, debug=True).post_json("/x", [])
    assert "its annotation list['Nope'] cannot be read: name 'Nope' is not defined." in response.json()["detail"]


@pytest.mark.parametrize("signature", ["it: A", "it: list[A]", "it: int = 1) -> (A"], ids=["body", "list", "response"])
def test_a_pydantic_model_with_a_name_for_type_checkers_says_so(project: Make, signature: str) -> None:
    source = f"""from __future__ import annotations
from typing import TYPE_CHECKING
from pydantic import BaseModel
if TYPE_CHECKING:
    from uuid import UUID
class A(BaseModel):
    u: UUID
def POST({signature}):
    return 1
"""
    response = project({"x/route.py": source}, debug=True).post_json("/x", {})
    assert (
        "A cannot be read: name 'UUID' is not defined. Import it outside 'if TYPE_CHECKING:'"
        in response.json()["detail"]
    )


def test_a_dataclass_makes_its_own_defaults_as_a_dependency(project: Make) -> None:
    source = f"{COMMON}from edgeroutes import Depends\ndef GET(it: Annotated[Box[int], Depends(Box)]):\n    return it\n"
    source = source.replace("Depends(Box)", "Depends(Filters)").replace(
        "def GET",
        """
@dataclass
class Filters:
    name: str = "n"
    tags: list[str] = field(default_factory=lambda: ["d"])
def GET""",
    )
    routes = project({"x/route.py": source})
    assert routes.get("/x").json() == {"name": "n", "tags": ["d"]}
    assert routes.get("/x?tags=a").json() == {"name": "n", "tags": ["a"]}


def test_values_that_have_one_spelling_are_written_as_strings(project: Make) -> None:
    source = """
from ipaddress import ip_address
from pathlib import PurePosixPath
from pydantic import BaseModel, Field, HttpUrl
class Link(BaseModel):
    url: HttpUrl = Field(alias="the-url")
class Own(PurePosixPath):
    pass
def GET():
    link = Link(**{"the-url": "http://a.example/x"})
    return {"ip": ip_address("::1"), "path": PurePosixPath("/a"), "own": Own("/b"), "url": link.url, "link": link}
"""
    assert project({"x/route.py": source}).get("/x").json() == {
        "ip": "::1", "path": "/a", "own": "/b", "url": "http://a.example/x", "link": {"the-url": "http://a.example/x"},
    }  # fmt: skip
