"""Bodies that a client sends by mistake or to do harm, and the responses: the same through every adapter and from a built bundle."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

PYPROJECT = '[project]\nname = "bodies"\nversion = "0"\ndependencies = ["edgeroutes"]\n[tool.edgeroutes]\n'
ECHO = """
async def POST(request):
    return {"value": await request.json()}
"""
FILTER = """
from __future__ import annotations
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

@dataclass
class And:
    args: list[And | Or | Not | Leaf]
@dataclass
class Or:
    args: list[And | Or | Not | Leaf]
@dataclass
class Not:
    args: list[And | Or | Not | Leaf]
@dataclass
class Leaf:
    field: str
@dataclass
class Circle:
    kind: Literal["circle"]
    radius: float
@dataclass
class Square:
    kind: Literal["square"]
    side: float
@dataclass
class Tree:
    children: list[Tree] = field(default_factory=list)
    items: list[Leaf] = field(default_factory=list)
@dataclass
class Loud:
    text: str
    def __post_init__(self):
        raise ValueError(self.text)
@dataclass
class Search:
    where: And | Or | Not | Leaf | None = None
    shape: Circle | Square | None = None
    items: list[Leaf] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    tree: Tree | None = None
    price: Decimal | None = None
    loud: list[Loud] = field(default_factory=list)

async def POST(search: Search):
    return "valid"

async def PUT(search: Search | None = None):
    return "nothing" if search is None else "valid"
"""
FORM = """
async def POST(request):
    form = await request.form()
    return [[name, value if isinstance(value, str) else value.filename] for name, value in form.multi_items()]

async def PUT(request):
    async with request.form(max_fields=5000) as form:
        return {"count": len(form.multi_items())}
"""
FIELDS = """
from __future__ import annotations
from dataclasses import dataclass
from typing import Annotated
from edgeroutes import Form

@dataclass
class Person:
    name: str
    age: int = 1

async def POST(n: Annotated[int, Form()] = 3, tags: Annotated[list[str], Form()] = []):
    tags.append("more")
    return [n, tags]

async def PUT(person: Person):
    return person
"""
ROUTES = {"echo": ECHO, "filter": FILTER, "form": FORM, "fields": FIELDS}

JSON = ("content-type", "application/json")
URLENCODED = ("content-type", "application/x-www-form-urlencoded")
MULTIPART = ("content-type", "multipart/form-data; boundary=XX")
FINITE = "must be a finite number of at most 4300 digits"
SURROGATE = "must not contain half of a surrogate pair"
MAX_RESPONSE_BYTES = 64 * 1024


def write_project(root: Path) -> None:
    """Write the routes and their pyproject.toml."""
    (root / "pyproject.toml").write_text(PYPROJECT)
    for name, source in ROUTES.items():
        file = root / "functions" / name / "route.py"
        file.parent.mkdir(parents=True)
        file.write_text(source)


@dataclass(frozen=True, slots=True)
class Case:
    """One request and its response.

    Args:
        name: What it shows.
        method: Of the request.
        path: The route.
        sent: Its content type, and more.
        body: Of the request.
        status: Of the response.
        wanted: The members of its body that are compared; or the body.
    """

    name: str
    method: str
    path: str
    sent: tuple[tuple[str, str], ...]
    body: bytes
    status: int
    wanted: Any = None

    def __str__(self) -> str:
        return self.name


def errors(*pairs: tuple[str, str]) -> dict[str, Any]:
    """The errors of a problem document."""
    return {"errors": [{"field": field, "message": message} for field, message in pairs]}


def posted(name: str, path: str, body: bytes, status: int, wanted: Any = None, *, method: str = "POST") -> Case:
    return Case(name, method, path, (JSON,), body, status, wanted)


def form(name: str, path: str, body: bytes, status: int, wanted: Any = None, *, method: str = "POST") -> Case:
    return Case(name, method, path, (URLENCODED,), body, status, wanted)


def parts(name: str, body: bytes, status: int, wanted: Any = None, *, method: str = "POST") -> Case:
    return Case(name, method, "/form", (MULTIPART,), body, status, wanted)


def part(name: str, content: str, more: str = "") -> bytes:
    """One field of a multipart form, with its boundary in front and without the one behind."""
    return f'--XX\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{content}\r\n'.encode()


def nested(levels: int, leaf: Any) -> bytes:
    """A filter tree."""
    for _ in range(levels):
        leaf = {"args": [leaf]}
    return json.dumps({"where": leaf}).encode()


def first(count: int, field: str, message: str) -> dict[str, Any]:
    """The errors of the first items of a list, and the word that there are more."""
    return {**errors(*((field.format(place), message) for place in range(count))), "more_errors": True}


def tree(levels: int, items: int) -> bytes:
    found: Any = {"items": [1] * items}
    for _ in range(levels):
        found = {"children": [found]}
    return json.dumps({"tree": found}, separators=(",", ":")).encode()


END = b"--XX--\r\n"
FIELDS_1000 = "&".join(f"a{number}=1" for number in range(1000)).encode()
TOO_MANY = {"detail": "the form has more than 1000 fields, which is the limit (max_fields)"}
LONG_NAME = {"detail": "a field's name in the form is longer than 1000 bytes"}
NOT_JSON = "the request body is not valid JSON"
CUT_OFF = {"detail": "the request body is not a valid form: it ends before its closing boundary"}
BARE_LINE_FEED = {"detail": "the request body is not a valid form: a line before a boundary does not end in CRLF"}

CASES = [
    posted("a deep tree of unions that is valid", "/filter", nested(90, {"field": "a"}), 200),
    posted("a deep tree of unions with a wrong leaf", "/filter", nested(90, {"field": 1}), 400),
    posted("a deep tree of unions whose leaf is none", "/filter", nested(90, {"other": 1}), 400),
    posted("a tree of unions names its wrong leaf", "/filter", nested(2, {"field": 1}), 400,
           errors(("where.args.0.args.0.field", "must be a string"))),
    posted("a tagged union reports on the tagged type alone", "/filter", b'{"shape":{"kind":"square","side":"1"}}', 400,
           errors(("shape.side", "must be a number"))),
    posted("an unknown tag names all of them", "/filter", b'{"shape":{"kind":"oval"}}', 400,
           errors(("shape.kind", "must be one of circle, square"))),
    posted("a missing tag", "/filter", b'{"shape":{"side":1}}', 400, errors(("shape.kind", "is required"))),
    posted("100,000 wrong items", "/filter", b'{"items":[' + b"1," * 99_999 + b"1]}", 400,
           first(100, "items.{}", "must be an object")),
    posted("100 wrong items are no more than that", "/filter", b'{"items":[' + b"1," * 99 + b"1]}", 400,
           errors(*((f"items.{place}", "must be an object") for place in range(100)))),
    posted("100,000 wrong items below long paths", "/filter", tree(90, 100_000), 400),
    posted("names of 100 kB", "/filter", json.dumps({"counts": {letter * 100_000: "x" for letter in "ab\0"}}).encode(), 400),
    posted("1,000 names of control characters", "/filter",
           json.dumps({"counts": {"\1" * 200 + str(place): "x" for place in range(1000)}}).encode(), 400),
    posted("messages of 100 kB", "/filter", json.dumps({"loud": [{"text": "\1" * 100_000}] * 5}).encode(), 400),
    posted("JSON nested 201 deep", "/echo", b"[" * 201 + b"]" * 201, 400,
           {"detail": "the body is nested too deep: 200 levels are allowed"}),
    posted("JSON nested 100,000 deep", "/filter", b'{"tree":' * 100_000, 400,
           {"detail": "the body is nested too deep: 200 levels are allowed"}),
    posted("a number beyond float", "/echo", b'{"a":[1e400]}', 400, errors(("a.0", FINITE))),
    posted("a number beyond float for a model", "/filter", b'{"shape":{"kind":"circle","radius":-1e999}}', 400,
           errors(("shape.radius", FINITE))),
    posted("NaN", "/echo", b'{"a":NaN}', 400, {"detail": f"{NOT_JSON}: NaN is not a JSON value", **errors(("a", FINITE))}),
    posted("an integer of 5,000 digits", "/echo", b'{"n":' + b"1" * 5000 + b"}", 400, errors(("n", FINITE))),
    posted("an integer of 4,300 digits", "/echo", b"1" * 4300, 200, {"value": int("1" * 4300)}),
    posted("a lone surrogate", "/echo", rb'{"a":{"b":"\ud800"}}', 400, errors(("a.b", SURROGATE))),
    posted("a lone surrogate as a name", "/echo", rb'{"\udfff":1}', 400, errors((r"\udfff", f"its name {SURROGATE}"))),
    posted("a pair of surrogates", "/echo", rb'"\ud83d\ude00"', 200, {"value": "\U0001f600"}),
    posted("a Decimal with a huge exponent", "/filter", b'{"price":"1e999999999"}', 400,
           errors(("price", "must be a decimal number"))),
    posted("the last of equal names counts", "/echo", b'{"a":1,"a":2}', 200, {"value": {"a": 2}}),
    posted("null for an optional model", "/filter", b" null ", 200, "nothing", method="PUT"),
    posted("no body for an optional model", "/filter", b"", 200, "nothing", method="PUT"),
    posted("null for a required model", "/filter", b"null", 400, errors(("body", "must be an object"))),
    Case("compressed JSON", "POST", "/echo", (JSON, ("content-encoding", "gzip")), b"\x1f\x8b\x08\x00", 415,
         {"detail": "the body is compressed (gzip): send it as it is"}),
    Case("a compressed model", "POST", "/filter", (JSON, ("content-encoding", "deflate")), b"\x78\x9c\xab", 415,
         {"detail": "the body is compressed (deflate): send it as it is"}),
    Case("a compressed form", "POST", "/form", (URLENCODED, ("content-encoding", "gzip")), b"\x1f\x8b\x08\x00", 415),
    Case("compressed fields", "POST", "/fields", (URLENCODED, ("content-encoding", "gzip")), b"\x1f\x8b\x08\x00", 415),
    form("1,000 fields", "/form", FIELDS_1000, 200),
    form("1,001 fields", "/form", FIELDS_1000 + b"&a=1", 413, TOO_MANY),
    form("1,001 fields for arguments", "/fields", FIELDS_1000 + b"&a=1", 413, TOO_MANY),
    form("1,001 fields for a model", "/fields", FIELDS_1000 + b"&a=1", 413, TOO_MANY, method="PUT"),
    form("1,001 fields where 5,000 are allowed", "/form", FIELDS_1000 + b"&a=1", 200, {"count": 1001}, method="PUT"),
    form("500,000 fields", "/form", b"a&" * 500_000, 413, TOO_MANY),
    form("500,000 fields for arguments", "/fields", b"a&" * 500_000, 413, TOO_MANY),
    form("a megabyte of ampersands", "/form", b"&" * 1_000_000, 200, []),
    form("a long name", "/form", b"a" * 1001 + b"=1", 413, LONG_NAME),
    form("a long name for arguments", "/fields", b"a" * 1001 + b"=1", 413, LONG_NAME),
    form("raw UTF-8", "/form", "name=café&x".encode(), 200, [["name", "café"], ["x", ""]]),
    form("raw and escaped UTF-8 in one letter", "/form", b"n=\xc3%A9+%2B", 200, [["n", "é +"]]),
    form("raw UTF-8 for a model", "/fields", "name=café".encode(), 200, {"name": "café", "age": 1}, method="PUT"),
    form("no UTF-8", "/form", b"a=%ff\xff", 200, [["a", "\ufffd\ufffd"]]),
    Case("another charset", "POST", "/form", ((URLENCODED[0], URLENCODED[1] + "; charset=ISO-8859-1"),), b"a=%e9", 415,
         {"detail": "the form's charset is ISO-8859-1: send UTF-8"}),
    Case("another charset for arguments", "POST", "/fields", ((URLENCODED[0], URLENCODED[1] + ";charset=latin1"),), b"n=1", 415),
    Case("UTF-8 named", "POST", "/form", ((URLENCODED[0], URLENCODED[1] + '; charset="UTF-8"'),), b"a=1", 200, [["a", "1"]]),
    Case("a multipart form in UTF-7", "POST", "/form", ((MULTIPART[0], MULTIPART[1] + "; charset=utf-7"),), part("a", "+2AA-") + END, 415),
    form("an empty field with a default", "/fields", b"n=&tags=a", 200, [3, ["a", "more"]]),
    form("a default that the handler changes", "/fields", b"n=1", 200, [1, ["more"]]),
    form("the same default in the next request", "/fields", b"n=1", 200, [1, ["more"]]),
    form("an empty field of a model", "/fields", b"name=&age=", 200, {"name": "", "age": 1}, method="PUT"),
    parts("a form in parts", part("a", "1") + part("f", "x", '; filename="n.txt"') + END, 200, [["a", "1"], ["f", "n.txt"]]),
    parts("a preamble and an epilogue", b"This is MIME.\r\n" + part("a", "1") + END + b"and so on", 200, [["a", "1"]]),
    parts("no closing boundary", part("a", "1") + part("b", "2"), 400, CUT_OFF),
    parts("cut off in a file", part("a", "1") + part("f", "data" * 100, '; filename="n"')[:-50], 400, CUT_OFF),
    parts("cut off in the closing boundary", part("a", "1") + END[:5], 400, CUT_OFF),
    parts("cut off in the headers", part("a", "1") + part("b", "1")[:20], 400, CUT_OFF),
    parts("a bare line feed before a boundary", part("a", "1")[:-2] + b"\n" + part("b", "2") + END, 400, BARE_LINE_FEED),
    parts("no boundary at all", b"a=1", 400, {"detail": "the request body is not a valid form: its boundary is not in it"}),
    parts("nothing", b"", 400),
    parts("1,001 parts", part("a", "1") * 1001 + END, 413, TOO_MANY),
    parts("1,001 parts where 5,000 are allowed", part("a", "1") * 1001 + END, 200, {"count": 1001}, method="PUT"),
    parts("20,000 parts", part("a", "1") * 20_000 + END, 413, TOO_MANY),
    parts("1,001 files", part("f", "", '; filename="n"') * 1001 + END, 413,
          {"detail": "the form has more than 1000 files, which is the limit (max_files)"}),
    parts("a long name in a part", part("a" * 1001, "1") + END, 413, LONG_NAME),
    parts("a long header", part("a", "1", "; x=" + "y" * 5000) + END, 413),
    parts("many headers", part("a", "1", "\r\nX: 1" * 9) + END, 413),
]  # fmt: skip
