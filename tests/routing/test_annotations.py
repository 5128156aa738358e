"""Annotations that nothing can fill or enforce (U1, U3) are problems of a scan, so of routes, template, build and dev."""

from __future__ import annotations

import pytest

from edgeroutes.routing.scan import scan
from tests.fakes.file_tree import FakeFileTree

IMPORTS = """\
import annotated_types as at
import datetime, enum, msgspec, pydantic
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, NewType, NotRequired, Optional, TypedDict
from pydantic import AfterValidator, BaseModel, Field, PositiveInt, conint
from edgeroutes import Body, Cookie, Depends, File, Form, Header, Query, Request, RouteContext, UploadFile
from lib.schemas import Imported, Page, OfStruct
from .near import Near
class Strange:
    pass
class Color(enum.Enum):
    RED = "red"
class Model(BaseModel):
    n: int
@dataclass
class Plain:
    n: int = 0
class NestedModel(BaseModel):
    plain: Model
@dataclass
class Nested:
    plain: Plain
def is_odd(value):
    return value % 2
"""
FIRST = IMPORTS.count("\n") + 1
SCHEMAS = """\
from __future__ import annotations
from dataclasses import dataclass
from typing import Annotated
import annotated_types
import msgspec
from edgeroutes import Query
@dataclass
class Imported:
    good: int
    bad: Annotated[int, annotated_types.MinLen(1)]
Page = Annotated[int, Query(min_length=1)]
class OfStruct(msgspec.Struct):
    n: Annotated[int, annotated_types.Ge(1)]
"""


def problems(signature: str, path: str = "functions/x") -> list[str]:
    files = {
        f"{path}/route.py": f"{IMPORTS}async def POST({signature}):\n    return {{}}\n",
        "lib/schemas.py": SCHEMAS,
        f"{path}/near.py": "from pydantic import BaseModel\nclass Base(BaseModel): ...\nclass Near(Base):\n    n: int\n",
    }
    return [str(problem) for problem in scan(FakeFileTree(files)).problems]


HERE = f"functions/x/route.py:{FIRST}: "
WRONG = [
    ("a: Annotated[int, Query(min_length=1)]", f"{HERE}argument 'a' of POST: min_length=1 is not possible for int."),
    ("a: Annotated[str, Field(ge=1)]", "ge=1 is not possible for str"),
    ("a: 'Annotated[str, Field(ge=1)]'", "ge=1 is not possible for str"),
    ("a: Annotated[bool, at.Ge(1)]", "ge=1 is not possible for bool"),
    ("a: Annotated[int | str | None, at.Ge(1)]", "ge=1 is not possible for str"),
    ("a: Optional[Annotated[str, at.Interval(gt=1)]]", "gt=1 is not possible for str"),
    ("a: Annotated[list[int], Query(ge=1)]", "Constrain the items: list[Annotated[T, …]]"),
    ("a: list[Annotated[int, at.Len(1, 3)]]", "min_length=1 is not possible for int"),
    ("a: dict[str, Annotated[int, at.MinLen(1)]]", "min_length=1 is not possible for int"),
    ("a: Annotated[str, Query(pattern='(')]", "pattern='(' is not a regular expression"),
    ("a: Annotated[int, msgspec.Meta(ge='1')]", "ge='1' is not possible for int"),
    ("a: Annotated[Decimal, Query(multiple_of=0)]", "multiple_of=0 is not possible for Decimal"),
    ("a: Annotated[int, Query(ge=5, le=4)]", "ge=5 and le=4 allow no value"),
    ("a: Annotated[datetime.date, at.Ge(1)]", "ge=1 is not possible for datetime.date"),
    ("a: Annotated[int, at.Ge]", "may be a constraint, and edgeroutes cannot enforce it"),
    ("a: Annotated[int, is_odd]", "may be a constraint, and edgeroutes cannot enforce it"),
    ("a: Annotated[int, Field(alias='b')]", "Field(alias=…) has no effect here"),
    ("a: int = Query(ge=1)", "argument 'a' of POST is Query(ge=1). Allowed are values. Write 'a: Annotated[T, …] = value'."),
    ("a: int = Field(1, ge=1)", "Allowed are values"),
    ("a: bytes", f"{HERE}argument 'a' of POST: bytes is not a supported type. Use str, int,"),
    ("a: Strange", "Strange is not a supported type"),
    ("a: list[Strange]", "Strange is not a supported type"),
    ("a: Plain, b: Model", f"{HERE}the body of POST cannot be a and b at once. Make one model with a field for each"),
    ("a: dict, b: list[Plain]", "cannot be a and b at once"),
    ("a: Near, b: dict", "cannot be a and b at once"),
    ("a: Plain | Model, b: Annotated[int, Body()]", "cannot be a and b at once"),
    ("a: Annotated[int, File()]", "int is not a supported type of a file. Use UploadFile, bytes"),
    ("a: Annotated[Nested, Query()]", "field Nested.plain: Plain cannot be read from a query"),
    ("a: Annotated[NestedModel, Header()]", "field NestedModel.plain: Model cannot be read from a header"),
    ("a: Imported", "lib/schemas.py:10: argument 'a' of POST: field Imported.bad: min_length=1 is not possible for int"),
    ("a: Page", "min_length=1 is not possible for int"),
    ("a: OfStruct", "lib/schemas.py:13: argument 'a' of POST: field OfStruct.n: msgspec does not enforce annotated_types.Ge(1)"),
]  # fmt: skip
RIGHT = [
    "b: Model, a: Annotated[int, Query(ge=1, le=9)] = 3",
    "a: Plain, request: Request, context: RouteContext[Plain]",
    "a: Annotated[Plain, Query()], b: Annotated[Plain, Header()], c: Nested",
    "a: Annotated[UploadFile, File()], b: Annotated[list[bytes], File()], c: Annotated[str, Form()]",
    "a: Annotated[Plain, Form()], b: Annotated[str, Form(min_length=1)]",
    "a: Annotated[int, AfterValidator(is_odd)], b: PositiveInt, c: conint(ge=1), d: Color, e: Literal[1]",
    "a: Annotated[str, AfterValidator(len), Field(ge=1)]",
    "a: Annotated[list[int], Query(min_length=1)], b: Annotated[str, 'documentation']",
    "a: list[Model]",
    "a: Model, b: Annotated[str, Form()], c: UploadFile",
    "a: dict[str, Any]",
    "a: Near | None = None",
    "a: Unknown, b: Any, c: object",
    "a: Annotated[Strange, Depends(Strange)], b: Strange = Depends()",
]


@pytest.mark.parametrize(("signature", "expected"), WRONG)
def test_a_scan_finds_an_annotation_that_cannot_work(signature: str, expected: str) -> None:
    (problem,) = problems(signature)
    assert expected in problem


@pytest.mark.parametrize("signature", RIGHT)
def test_a_scan_has_nothing_against_what_works(signature: str) -> None:
    assert problems(signature) == []


def test_a_module_that_imports_itself_ends() -> None:
    files = {
        "functions/x/route.py": "from lib import A\nasync def POST(a: A): ...\n",
        "lib/__init__.py": "from lib import A\n",
    }
    assert scan(FakeFileTree(files)).problems == ()


def test_a_model_of_another_module_is_read_again_after_it_was_saved() -> None:
    route = "from lib.schemas import M\nasync def POST(m: M): ...\n"
    good = "from dataclasses import dataclass\n@dataclass\nclass M:\n    n: int\n"
    trees = [
        FakeFileTree({"functions/x/route.py": route, "lib/schemas.py": text})
        for text in (good, good.replace("int", "bytes"))
    ]
    assert [len(scan(tree).problems) for tree in trees] == [0, 1]
