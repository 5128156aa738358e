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
    ("a: bytes", f"{HERE}argument 'a' of POST: bytes is not a supported parameter type. Use str, int,"),
    ("a: Strange", "Strange is not a supported parameter type"),
    ("a: list[Strange]", "Strange is not a supported parameter type"),
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


DEPENDS = "from typing import Annotated, TYPE_CHECKING\nfrom edgeroutes import Depends, Query\n"
LIB = """\
from typing import Annotated
from edgeroutes import Depends, Query
from lib.more import deep as renamed
import lib.more
def bare(limit): ...
def bad(n: Annotated[int, Query(min_length=1)]): ...
def nested(deep=Depends(renamed)): ...
def dotted(deep: Annotated[int, Depends(lib.more.deep)]): ...
def one(other=Depends(lambda: 1), two: "Annotated[int, Depends(two)]" = 1): ...
def two(one: Annotated[int, Depends(one)]): ...
@two
def decorated(limit): ...
Bare = Annotated[int, Depends(bare)]
def good(id, request, q: int = 1, page: Annotated[int, Query(ge=1)] = 1): ...
"""
MORE = "def deep(x: bytes, *rest): ...\n"
BARE = "is not a captured segment and has neither annotation nor default."
IN_LIB = {
    "bare": [f"lib/deps.py:5: argument 'limit' of bare {BARE}"],
    "bad": ["lib/deps.py:6: argument 'n' of bad: min_length=1 is not possible for int."],
    "nested": [
        "lib/more.py:1: deep takes *rest, which nothing in a request can fill. Name each argument.",
        "lib/more.py:1: argument 'x' of deep: bytes is not a supported parameter type.",
    ],
    "dotted": [
        "lib/more.py:1: deep takes *rest, which nothing in a request can fill. Name each argument.",
        "lib/more.py:1: argument 'x' of deep: bytes is not a supported parameter type.",
    ],
    "one": [
        "lib/deps.py:9: the dependencies are a cycle: one → two → one. Move the part that both need into a third function."
    ],
    "two": [
        "lib/deps.py:10: the dependencies are a cycle: two → one → two. Move the part that both need into a third function."
    ],
    "decorated": [],
    "good": [],
}


def scanned(source: str) -> list[str]:
    files = {f"functions/{folder}/[id]/route.py": DEPENDS + source for folder in ("a", "b")}
    found = scan(FakeFileTree({**files, "lib/deps.py": LIB, "lib/more.py": MORE}))
    return [str(problem) for problem in found.problems]


@pytest.mark.parametrize(("name", "wanted"), IN_LIB.items())
@pytest.mark.parametrize("form", ["Annotated[int, Depends({})]", "int = Depends({})"])
def test_dependencies_in_other_files_are_checked_once(form: str, name: str, wanted: list[str]) -> None:
    found = scanned(f"from lib.deps import {name} as it\ndef GET(value: {form.format('it')}): ...\n")
    assert len(found) == len(wanted)
    for problem, start in zip(found, wanted, strict=True):
        assert problem.startswith(start)


def test_an_alias_of_a_dependency_is_followed_into_its_file() -> None:
    assert [
        problem.partition(". ")[0] + "." for problem in scanned("from lib.deps import Bare\ndef GET(v: Bare): ...\n")
    ] == [f"lib/deps.py:5: argument 'limit' of bare {BARE}"]


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("def f(limit): ...\ndef GET(v: Annotated[int, Depends(f)]): ...", [f"3: argument 'limit' of f {BARE}"]),
        (
            "def g(limit): ...\ndef f(g=Depends(g)): ...\nV = Annotated[int, Depends(f)]\nasync def GET(v: V): ...",
            [f"3: argument 'limit' of g {BARE}"],
        ),
        (
            "def f(v=Depends(GET)): ...\ndef GET(v=Depends(f)): ...",
            ["4: the dependencies are a cycle: GET → f → GET. Move the part that both need into a third function."],
        ),
        ("def f(id, request): ...\ndef GET(v: Annotated[int, Depends(f)]): ...", []),
        (
            "if TYPE_CHECKING:\n    from uuid import UUID\ndef GET(a: 'list[UUID]', b: 'UUID | None' = None): ...",
            [f"5: argument '{name}' of GET: UUID is imported for type checkers only. Import it outside " for name in "ab"],
        ),
        (
            ("from dataclasses import dataclass\nif TYPE_CHECKING:\n    from uuid import UUID\n"
            "@dataclass\nclass A:\n    u: 'UUID'\ndef POST(a: A): ..."),
            ["8: argument 'a' of POST: field A.u: UUID is imported for type checkers only."],
        ),
        (
            "def GET(a: Annotated[int, Query(alias='b')]): ...",
            [
                ("3: argument 'a' of GET: Query has no option 'alias'. Allowed are name, ge, gt, le, lt, multiple_of, min_length, "
                "max_length, pattern. Write Query('name').")
            ],
        ),
        ("def GET(a: Annotated[int, Query(title='b')]): ...", ["3: argument 'a' of GET: Query has no option 'title'."]),
        ("import datetime as dt\ndef GET(a: dt.timedelta | None = None): ...",
            ["4: argument 'a' of GET: dt.timedelta is not a supported parameter type."]),
        ("from collections import deque\ndef GET(a: Annotated[deque[int], Query()]): ...",
            ["4: argument 'a' of GET: deque is not a supported parameter type."]),
        ("from collections.abc import Sequence\ndef GET(a: Annotated[Sequence[int], Query(min_length=1)]): ...", []),
        (
            "def GET(a: Annotated[tuple[int, str], Query()]): ...",
            ["3: argument 'a' of GET: repeated values have no fixed number. Write tuple[T, ...] or list[T]."],
        ),
        (
            (
                "from dataclasses import dataclass, field\nfrom typing import ClassVar\nif TYPE_CHECKING:\n    from uuid import UUID\n"
                "@dataclass\nclass A:\n    a: 'ClassVar[UUID]'\n    b: bytes = field(init=False)\n    c: int = 1\ndef POST(a: A): ..."
            ),
            [],
        ),
        (
            "import pydantic, datetime\ndef GET(a: Annotated[datetime.timedelta, pydantic.AfterValidator(abs)]): ...",
            [],
        ),
    ],
)  # fmt: skip
def test_what_only_a_load_showed_before_is_a_problem_of_a_scan(source: str, wanted: list[str]) -> None:
    files = {"functions/x/[id]/route.py": DEPENDS + source}
    found = [str(problem) for problem in scan(FakeFileTree(files)).problems]
    starts = [f"functions/x/[id]/route.py:{start}" for start in wanted]
    assert [each[: len(start)] for each, start in zip(found, starts, strict=True)] == starts
