"""Handlers with return annotations: their responses are FastAPI's, through every adapter and from a built bundle.

Each case is the source of a `GET`, which both frameworks get. `DEPARTURES` are the cases whose responses differ on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

PYPROJECT = """\
[project]
name = "returns"
version = "0"
dependencies = ["edgeroutes", "pydantic", "msgspec", "typing-extensions"]
[tool.edgeroutes]
"""
MODELS = """\
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Generic, Literal, NamedTuple, Optional, TypeVar, Union
from uuid import UUID
from typing_extensions import NotRequired, TypedDict
from pydantic import BaseModel, ConfigDict, Field, RootModel, computed_field, field_serializer
from edgeroutes import Response, Status

T = TypeVar("T")
class Color(Enum):
    RED = "red"
class User(BaseModel):
    id: int
    name: str = "anonymous"
class UserInDB(User):
    password: str = "secret"
class Stranger(BaseModel):
    id: int
    password: str = "secret"
class Aliased(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    user_name: str = Field(alias="userName")
    made_at: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    @computed_field
    @property
    def shout(self) -> str:
        return self.user_name.upper()
    @field_serializer("made_at")
    def only_date(self, value: datetime) -> str:
        return value.date().isoformat()
class Team(BaseModel):
    lead: User
    members: list[User] = []
    by_role: dict[str, User] = {}
class Page(BaseModel, Generic[T]):
    items: list[T]
class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int = 9
class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    tricks: list[str] = []
class Ids(RootModel[list[int]]):
    pass
@dataclass
class Point:
    x: int
    y: float = 0.5
    label: Optional[str] = None
@dataclass
class SecretPoint(Point):
    secret: str = "secret"
@dataclass
class Shape:
    points: list[Point]
    owner: Optional[User] = None
    tags: set[str] = field(default_factory=set)
class Item(TypedDict):
    id: int
    note: NotRequired[str]
class Pair(NamedTuple):
    left: int
    right: str = "r"
class Row:
    id = 7
    name = "row"
    password = "secret"
    user_name = "row"
USER = UserInDB(id=1, name="ann")
"""


@dataclass(frozen=True, slots=True)
class Case:
    """One handler.

    Args:
        returns: Its return annotation.
        body: What it returns, or its statements.
        status: In the annotation; 200 without one.
        wanted: The response where it is not FastAPI's: its status, and its JSON or text.
    """

    returns: str
    body: str
    status: int = 200
    wanted: tuple[int, Any] | None = None

    @property
    def source(self) -> str:
        """The `GET` for edgeroutes."""
        returns = self.returns if self.status == 200 else f"Annotated[{self.returns}, Status({self.status})]"
        return self.source_with(returns)

    def source_with(self, returns: str) -> str:
        """The `GET` with a return annotation."""
        body = self.body if "\n" in self.body or "yield" in self.body else f"return {self.body}"
        lines = "\n".join(f"    {line}" for line in body.splitlines())
        return f"from returns_models import *\nasync def GET() -> {returns}:\n{lines}\n"

    def __str__(self) -> str:
        return f"{self.returns} {self.status} <- {self.body}"


CASES = [
    Case("User", "USER"),
    Case("User", "{'id': '1', 'password': 'secret'}"),
    Case("User", "Row()"),
    Case("User", "Stranger(id=1)"),
    Case("User", "USER", status=201),
    Case("User", "{'id': 'x'}"),
    Case("User", "{}"),
    Case("User", "[USER]"),
    Case("User", "'text'"),
    Case("User", "User.model_construct(id=1, name='n', password='secret')"),
    Case("list[User]", "[USER, {'id': 2, 'password': 'secret'}, Row()]"),
    Case("list[User]", "(USER,)"),
    Case("list[User]", "[]"),
    Case("list[User]", "[USER, {'id': None}]"),
    Case("list[User]", "USER"),
    Case("list[User]", "{'a': USER}"),
    Case("Sequence[User]", "[USER]"),
    Case("tuple[User, ...]", "[USER]"),
    Case("tuple[int, User]", "(1, USER)"),
    Case("tuple[int, User]", "(1,)"),
    Case("set[int]", "{1}"),
    Case("dict[str, User]", "{'a': USER}"),
    Case("Mapping[str, User]", "{'a': USER}"),
    Case("dict[UUID, User]", "{UUID(int=1): USER}"),
    Case("dict[str, list[User]]", "{'a': [USER]}"),
    Case("dict[str, int]", "{'a': 'x'}"),
    Case("dict[str, Any]", "{'a': {'b': 1}}"),
    Case("list[dict[str, Any]]", "[{'a': 1}]"),
    Case("Optional[User]", "None"),
    Case("Optional[User]", "USER"),
    Case("User | None", "USER"),
    Case("Optional[list[User]]", "None", status=202),
    Case("Cat | Dog", "Dog(tricks=['sit'])"),
    Case("Cat | Dog", "{'kind': 'dog', 'tricks': ['roll'], 'secret': 1}"),
    Case("Annotated[Cat | Dog, Field(discriminator='kind')]", "{'kind': 'cat'}"),
    Case("Annotated[Cat | Dog, Field(discriminator='kind')]", "{'kind': 'cow'}"),
    Case("list[Cat | Dog]", "[Cat(), Dog()]"),
    Case("User | Stranger", "Stranger(id=3)"),
    Case("Aliased", "Aliased(user_name='ann')"),
    Case("Aliased", "{'userName': 'ann', 'secret': 1}"),
    Case("Aliased", "{'user_name': 'ann'}"),
    Case("Aliased", "Row()"),
    Case("Team", "Team(lead=USER, members=[USER], by_role={'a': USER})"),
    Case("Team", "{'lead': USER, 'members': [{'id': 2, 'password': 'secret'}], 'secret': 1}"),
    Case("Page[User]", "Page(items=[USER])"),
    Case("Page[User]", "{'items': [USER, Row()]}"),
    Case("Ids", "[1, 2]"),
    Case("Ids", "Ids([1])"),
    Case("Point", "Point(1)"),
    Case("Point", "SecretPoint(1)"),
    Case("Point", "{'x': 1, 'secret': 1}"),
    Case("Point", "{'y': 1}"),
    Case("Point", "{'x': 1, 'y': 2}"),
    Case("list[Point]", "[SecretPoint(1), {'x': '2'}]"),
    Case("Shape", "Shape([SecretPoint(1)], USER, {'a'})"),
    Case("Shape", "{'points': [{'x': 1, 'secret': 1}], 'owner': {'id': 1, 'password': 'secret'}}"),
    Case("Item", "{'id': 1, 'secret': 2}"),
    Case("Item", "{'id': 1, 'note': 'n'}"),
    Case("Item", "{'note': 'n'}"),
    Case("list[Item]", "[{'id': 1, 'secret': 2}]"),
    Case("Pair", "Pair(1)"),
    Case("Pair", "(1, 'x')"),
    Case("list[Pair]", "[Pair(1), Pair(2, 'x')]"),
    Case("int", "5"),
    Case("int", "'5'"),
    Case("int", "'x'"),
    Case("int", "5", status=201),
    Case("float", "1"),
    Case("bool", "True"),
    Case("list[int]", "['1', 2]"),
    Case("list[str]", "[1]"),
    Case("UUID", "UUID(int=1)"),
    Case("UUID", "'00000000-0000-0000-0000-000000000001'"),
    Case("date", "date(2026, 1, 2)"),
    Case("Decimal", "Decimal('1.50')"),
    Case("Color", "Color.RED"),
    Case("list[Color]", "['red', Color.RED]"),
    Case("Color", "'blue'"),
    Case("list[Literal['a', 'b']]", "['a']"),
    Case("list[Literal['a', 'b']]", "['c']"),
    Case("Response", "Response('x', 203)", wanted=(203, "x")),
    Case("dict", "{'a': 1}"),
    Case("list", "[1, 'a']"),
    Case("Any", "{'a': 1}"),
    Case("None", "None", status=204),
    Case("None", "None", status=202),
    Case("dict", "[1]"),
    Case("AsyncIterator[User]", "yield USER\nyield {'id': 2, 'password': 'secret'}",
         wanted=(200, '{"id":1,"name":"ann"}\n{"id":2,"name":"anonymous"}\n')),
]  # fmt: skip

DEPARTURES = [
    # A string is text, with an annotation as without one.
    Case("str", "'text'", wanted=(200, "text")),
    Case("str", "'text'", status=202, wanted=(202, "text")),
    # A handler that is declared to return nothing may lack a `return`.
    Case("None", "None", wanted=(500, None)),
    # FastAPI refuses a union with Response.
    Case("User | Response", "Response('x', 203)", wanted=(203, "x")),
    Case("User | Response", "USER", wanted=(200, {"id": 1, "name": "ann"})),
    # FastAPI takes no objects for a dataclass or TypedDict.
    Case("Point", "type('Row', (), {'x': 3, 'y': 1, 'secret': 1})()", wanted=(200, {"x": 3, "y": 1.0, "label": None})),
    Case("Item", "Row()", wanted=(200, {"id": 7})),
    # Instances whose fields were not validated are validated here.
    Case("User", "User.model_construct(id='x')", wanted=(500, None)),
    Case("Iterable[User]", "[USER]", wanted=(200, [{"id": 1, "name": "ann"}])),
]  # fmt: skip


def write_project(root: Path) -> None:
    """Write a route for each case, `/0` and so on, and a pyproject.toml."""
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "returns_models.py").write_text(MODELS)
    for place, case in enumerate([*CASES, *DEPARTURES]):
        file = root / "functions" / str(place) / "route.py"
        file.parent.mkdir(parents=True)
        file.write_text(case.source)
