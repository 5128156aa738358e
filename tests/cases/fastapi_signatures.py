# ruff: noqa: E501  # one row, one line
"""The signatures of FastAPI's tutorial, one handler each, with requests. Source: fastapi.tiangolo.com/tutorial (read 2026-11-30).

A row's `ours` is given where our spelling differs: markers take the name first, and there is no `Path`. `departs` says why a status or
value differs on purpose; such a row has our expected statuses, and docs/route-files.md says the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field

COMMON = """\
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID
from pydantic import AfterValidator, BaseModel, Field, HttpUrl
from pydantic.alias_generators import to_camel
from typing_extensions import TypeAliasType
T = TypeVar("T")
Json = TypeAliasType("Json", "dict[str, Json] | list[Json] | str | int | float | bool | None")
class ModelName(str, Enum):
    alexnet = "alexnet"
    resnet = "resnet"
class Image(BaseModel):
    url: HttpUrl
    name: str
class Item(BaseModel):
    name: str
    description: str | None = None
    price: float = Field(gt=0)
    tax: float | None = None
    tags: set[str] = set()
    image: Image | None = None
class Filters(BaseModel):
    model_config = {"extra": "forbid"}
    limit: int = Field(100, gt=0, le=100)
    offset: int = Field(0, ge=0)
    order_by: Literal["created_at", "updated_at"] = "created_at"
    tags: list[str] = []
class CommonHeaders(BaseModel):
    host: str
    save_data: bool
    if_modified_since: str | None = None
    x_tag: list[str] = []
class Session(BaseModel):
    session_id: str
    tracker: str | None = None
class Login(BaseModel):
    username: str
    password: str
@dataclass
class Plain:
    name: str
    size: int = 3
@dataclass
class Box(Generic[T]):
    item: T
class Page(BaseModel, Generic[T]):
    items: list[T]
class Camel(BaseModel):
    model_config = {"alias_generator": to_camel, "populate_by_name": True}
    first_name: str
def check_isbn(value: str) -> str:
    if not value.startswith("isbn-"):
        raise ValueError("must start with isbn-")
    return value
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request.

    Args:
        path: With its query, below `/items`.
        json: A JSON body, as text.
        form: An urlencoded body, or with `boundary` a multipart one.
        headers: Header fields.
    """

    path: str = ""
    json: str = ""
    form: str = ""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One handler and its requests.

    Args:
        name: The chapter.
        folder: Of our route below `items`; FastAPI's path has `{name}` for `[name]`.
        method: Of the handler.
        signature: As FastAPI has it.
        ours: The same for edgeroutes; empty for the same text.
        result: What the handler returns.
        good: Requests that succeed.
        bad: Requests that fail.
        departs: Why our statuses for `bad`, or results, differ; ours are `statuses`.
        statuses: Ours for `good` and `bad`, where they differ.
    """

    name: str
    signature: str
    result: str
    folder: str = ""
    method: str = "GET"
    ours: str = ""
    good: tuple[Sent, ...] = ()
    bad: tuple[Sent, ...] = ()
    departs: str = ""
    statuses: tuple[int, ...] = field(default=())


def get(*paths: str) -> tuple[Sent, ...]:
    return tuple(Sent(path=path) for path in paths)


def post(*bodies: str) -> tuple[Sent, ...]:
    return tuple(Sent(json=body) for body in bodies)


def form(*bodies: str) -> tuple[Sent, ...]:
    return tuple(Sent(form=body) for body in bodies)


def fields(*items: tuple[str, str]) -> tuple[Sent, ...]:
    return (Sent(headers=items),)


MULTIPART = (("Content-Type", "multipart/form-data; boundary=b"),)


def upload(*names: str, text: str = "") -> Sent:
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="x.txt"\r\nContent-Type: text/plain\r\n\r\nabc\r\n'
        for name in names
    ]
    if text:
        parts.append(f'--b\r\nContent-Disposition: form-data; name="{text}"\r\n\r\nword\r\n')
    return Sent(form="".join(parts) + "--b--\r\n", headers=MULTIPART)


NOT_FOUND = "a segment that does not fit means that there is no such page: 404"
ITEM = '{"name": "Foo", "price": 42.5}'
ROWS = [
    Row(name="path parameters", folder="[item_id]", signature="item_id", result="{'item_id': item_id}", good=get("/foo")),
    Row(
        name="path parameters with types", folder="[item_id]", signature="item_id: int", result="{'item_id': item_id}",
        good=get("/3", "/-1"), bad=get("/foo", "/4.2"), departs=NOT_FOUND, statuses=(404,),
    ),
    Row(
        name="path parameters: enum", folder="[model_name]", signature="model_name: ModelName", result="{'m': model_name, 'v': model_name.value}",
        good=get("/alexnet"), bad=get("/other"), departs=NOT_FOUND, statuses=(404,),
    ),
    Row(name="path parameters: UUID", folder="[i]", signature="i: UUID", result="{'i': i}", good=get("/12345678-1234-5678-1234-567812345678")),
    Row(name="path parameters: date", folder="[day]", signature="day: dt.date", result="{'day': day}", good=get("/2026-01-02")),
    Row(name="path parameters: several", folder="[a]/[b]", signature="a: int, b: str", result="[a, b]", good=get("/1/x")),
    Row(
        name="path parameters: numeric validations", folder="[item_id]", signature="item_id: Annotated[int, Path(title='The ID', gt=0, le=1000)], q: str",
        ours="item_id: Annotated[int, Field(title='The ID', gt=0, le=1000)], q: str", result="[item_id, q]",
        good=get("/1?q=a", "/1000?q=a"), bad=get("/0?q=a", "/1001?q=a"), departs=NOT_FOUND, statuses=(404,),
    ),
    Row(name="query parameters: defaults", signature="skip: int = 0, limit: int = 10", result="[skip, limit]", good=get("", "?skip=20", "?limit=3&skip=1"), bad=get("?skip=x", "?limit=1.5")),
    Row(name="query parameters: optional", signature="q: str | None = None", result="{'q': q}", good=get("", "?q=a", "?q=", "?q=1&q=2")),
    Row(name="query parameters: bool", signature="short: bool = False", result="{'short': short}", good=get("", *(f"?short={text}" for text in ("1", "True", "true", "on", "yes", "0", "off", "NO"))), bad=get("?short=maybe")),
    Row(name="query parameters: required", signature="needy: str, skip: int = 0", result="[needy, skip]", good=get("?needy=x"), bad=get("")),
    Row(name="query parameters: float", signature="f: float", result="{'f': f}", good=get("?f=1.5", "?f=1e3", "?f=-2"), bad=get("?f=x")),
    Row(name="query: literal", signature="o: Literal['a', 'b'] = 'a'", result="{'o': o}", good=get("", "?o=b"), bad=get("?o=c")),
    Row(name="query validations: max_length", signature="q: Annotated[str | None, Query(max_length=5)] = None", result="{'q': q}", good=get("", "?q=abcde", "?q="), bad=get("?q=abcdef")),
    Row(name="query validations: several", signature="q: Annotated[str | None, Query(min_length=3, max_length=5)] = None", result="{'q': q}", good=get("?q=abc"), bad=get("?q=ab", "?q=abcdef", "?q=")),
    Row(name="query validations: pattern", signature="q: Annotated[str | None, Query(pattern='^fixed$')] = None", result="{'q': q}", good=get("?q=fixed"), bad=get("?q=other")),
    Row(name="query validations: default", signature="q: Annotated[str, Query(min_length=3)] = 'fixedquery'", result="{'q': q}", good=get(""), bad=get("?q=a")),
    Row(name="query validations: required", signature="q: Annotated[str, Query(min_length=3)]", result="{'q': q}", good=get("?q=abc"), bad=get("", "?q=a")),
    Row(name="query validations: list", signature="q: Annotated[list[str] | None, Query()] = None", result="{'q': q}", good=get("", "?q=foo&q=bar", "?q=foo")),
    Row(name="query validations: list with defaults", signature="q: Annotated[list[str], Query()] = ['foo', 'bar']", result="{'q': q}", good=get("", "?q=a")),
    Row(name="query validations: list of int", signature="q: Annotated[list[int], Query()] = []", result="{'q': q}", good=get("", "?q=1&q=2"), bad=get("?q=x")),
    Row(
        name="query validations: required list", signature="q: Annotated[list[int], Query()]", result="{'q': q}", good=get("?q=1"), bad=get(""),
        departs="a list without a default is empty when nothing is sent; min_length=1 requires one", statuses=(200,),
    ),
    Row(name="query validations: alias", signature="q: Annotated[str | None, Query(alias='item-query')] = None", ours="q: Annotated[str | None, Query('item-query')] = None", result="{'q': q}", good=get("?item-query=x", "?q=x")),
    Row(name="query validations: numbers", signature="size: Annotated[float, Query(gt=0, lt=10.5)]", result="{'size': size}", good=get("?size=10.4"), bad=get("?size=0", "?size=10.5")),
    Row(name="query validations: custom", signature="id: Annotated[str | None, AfterValidator(check_isbn)] = None", result="{'id': id}", good=get("?id=isbn-1"), bad=get("?id=1")),
    Row(
        name="query parameter models", signature="filters: Annotated[Filters, Query()]", result="filters",
        good=get("", "?limit=10&offset=1&order_by=updated_at&tags=a&tags=b"), bad=get("?limit=0", "?limit=101", "?order_by=x", "?tool=plumbus", "?offset=-1"),
    ),
    Row(name="request body", method="POST", signature="item: Item", result="item", good=post(ITEM, '{"name": "F", "price": 1, "tax": 1.5, "description": "d"}'), bad=post("{}", '{"name": "F", "price": -1}', "[]", "", "{")),
    Row(name="request body and path and query", method="PUT", folder="[item_id]", signature="item_id: int, item: Item, q: str | None = None", result="[item_id, item.name, q]", good=(Sent(path="/1?q=x", json=ITEM), Sent(path="/1", json=ITEM))),
    Row(name="body: optional", method="PUT", signature="item: Item | None = None", result="{'item': item}", good=post(ITEM, "null", ""), bad=post("{}")),
    Row(name="body: singular value", method="PUT", signature="importance: Annotated[int, Body(gt=0)]", result="{'n': importance}", good=post("3"), bad=post("0", '"x"', "")),
    Row(name="body: nested models", method="POST", signature="item: Item", result="item", good=post('{"name": "F", "price": 1, "tags": ["a", "a"], "image": {"url": "http://a.example/x.png", "name": "n"}}'), bad=post('{"name": "F", "price": 1, "image": {"url": "x", "name": "n"}}')),
    Row(name="body: list of models", method="POST", signature="images: list[Image]", result="images", good=post('[{"url": "http://a.example/", "name": "n"}]', "[]"), bad=post("{}", '[{"url": "x", "name": "n"}]')),
    Row(name="body: arbitrary dicts", method="POST", signature="weights: dict[int, float]", result="weights", good=post('{"1": 2.5, "2": 3}'), bad=post('{"x": 1}', "[]")),
    Row(name="body: dict", method="POST", signature="data: dict", result="data", good=post('{"a": [1]}'), bad=post("[]", "1")),
    Row(name="body: dict of any", method="POST", signature="data: dict[str, Any]", result="data", good=post('{"a": [1]}'), bad=post("[]")),
    Row(name="body: union of models", method="POST", signature="item: Item | Image", result="item", good=post(ITEM, '{"url": "http://a.example/", "name": "n"}'), bad=post("{}")),
    Row(name="dataclasses", method="POST", signature="item: Plain", result="item", good=post('{"name": "a"}', '{"name": "a", "size": 4}'), bad=post("{}", '{"name": 1}')),
    Row(
        name="extra data types", method="PUT", signature="start: Annotated[dt.datetime, Body()]", result="{'y': start.year}", good=post('"2026-01-02T03:04:05"', '"2026-01-02T03:04:05Z"'), bad=post('"x"'),
    ),
    Row(name="cookie parameters", signature="ads_id: Annotated[str | None, Cookie()] = None", result="{'ads_id': ads_id}", good=(*get(""), *fields(("Cookie", "ads_id=x; other=y")))),
    Row(name="cookie parameters: required", signature="ads_id: Annotated[int, Cookie(ge=1)]", result="{'ads_id': ads_id}", good=fields(("Cookie", "ads_id=1")), bad=(*get(""), *fields(("Cookie", "ads_id=0")))),
    Row(
        name="cookie parameters: stale", signature="n: Annotated[int, Cookie()] = 0", result="{'n': n}", good=fields(("Cookie", "n=1")), bad=fields(("Cookie", "n=x")),
        departs="a cookie that does not fit counts as absent where there is a default", statuses=(200,),
    ),
    Row(name="header parameters", signature="user_agent: Annotated[str | None, Header()] = None", result="{'ua': user_agent}", good=fields(("User-Agent", "curl"))),
    Row(name="header parameters: duplicates", signature="x_token: Annotated[list[str] | None, Header()] = None", result="{'t': x_token}", good=(*get(""), *fields(("X-Token", "foo"), ("X-Token", "bar")))),
    Row(name="header parameters: number", signature="x_n: Annotated[int, Header(le=5)]", result="{'n': x_n}", good=fields(("X-N", "5")), bad=(*get(""), *fields(("X-N", "6")), *fields(("X-N", "x")))),
    Row(name="cookie parameter models", signature="cookies: Annotated[Session, Cookie()]", result="cookies", good=fields(("Cookie", "session_id=a; tracker=b")), bad=(*get(""), *fields(("Cookie", "tracker=b")))),
    Row(name="header parameter models", signature="headers: Annotated[CommonHeaders, Header()]", result="[headers.save_data, headers.x_tag]", good=fields(("Host", "a.example"), ("Save-Data", "true"), ("X-Tag", "a"), ("X-Tag", "b")), bad=fields(("Host", "a.example"))),
    Row(name="form data", method="POST", signature="username: Annotated[str, Form()], password: Annotated[str, Form(min_length=2)]", result="[username, password]", good=form("username=a&password=bc"), bad=form("username=a", "username=a&password=b")),
    Row(name="form models", method="POST", signature="data: Annotated[Login, Form()]", result="data", good=form("username=a&password=b"), bad=form("username=a")),
    Row(name="request files: bytes", method="POST", signature="file: Annotated[bytes, File()]", result="{'n': len(file)}", good=(upload("file"),), bad=(upload("other"),)),
    Row(name="request files: UploadFile", method="POST", signature="file: UploadFile", result="{'f': file.filename}", good=(upload("file"),), bad=(upload("other"),)),
    Row(name="request files: optional", method="POST", signature="file: UploadFile | None = None", result="{'f': file and file.filename}", good=(upload("file"), upload("other"))),
    Row(name="request files: several", method="POST", signature="files: list[UploadFile]", result="{'n': len(files)}", good=(upload("files", "files"),)),
    Row(name="request forms and files", method="POST", signature="file: Annotated[UploadFile, File()], token: Annotated[str, Form()]", result="[file.filename, token]", good=(upload("file", text="token"),), bad=(upload("file"),)),
    Row(name="query: a member of an enum", signature="m: Literal[ModelName.alexnet]", result="{'m': m}", good=get("?m=alexnet"), bad=get("?m=resnet")),
    Row(name="query: bool in one letter", signature="b: bool", result="{'b': b}", good=get("?b=t", "?b=F", "?b=y", "?b=N")),
    Row(name="query: sequence", signature="q: Annotated[Sequence[int], Query()] = ()", result="{'q': q}", good=get("", "?q=1&q=2"), bad=get("?q=x")),
    Row(name="query: enums", signature="q: Annotated[list[ModelName] | None, Query()] = None", result="{'q': q}", good=get("", "?q=alexnet&q=resnet"), bad=get("?q=x")),
    Row(name="query parameter models: aliases", signature="c: Annotated[Camel, Query()]", result="c", good=get("?firstName=a", "?first_name=a"), bad=get("")),
    Row(name="body: aliases", method="POST", signature="c: Camel", result="[c, {'c': c}]", good=post('{"firstName": "a"}', '{"first_name": "a"}'), bad=post("{}")),
    Row(name="body: a generic model", method="POST", signature="page: Page[Plain]", result="page", good=post('{"items": [{"name": "a"}]}'), bad=post('{"items": [{}]}')),
    Row(name="body: a generic dataclass", method="POST", signature="box: Box[int]", result="box", good=post('{"item": 1}'), bad=post('{"item": "x"}')),
    Row(name="body: an alias that contains itself", method="POST", signature="it: Annotated[Json, Body()]", result="{'it': it}", good=post('{"a": [1, null]}', "3")),
    Row(name="body: mapping", method="POST", signature="it: Annotated[Mapping[str, Item], Body()]", result="it", good=post('{"a": {"name": "F", "price": 1}}'), bad=post('{"a": {}}')),
    Row(name="a value that has one spelling", signature="q: HttpUrl", result="{'q': q}", good=get("?q=http://a.example/x"), bad=get("?q=x")),
]  # fmt: skip
