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
from dataclasses import field
from enum import IntEnum
from typing import NewType, NamedTuple, Optional, Union
from typing_extensions import TypedDict, NotRequired, Required
from pydantic import Json as PJson, Tag, Discriminator, computed_field, ConfigDict, BeforeValidator, PositiveInt, conint, constr, SecretStr, field_validator, model_validator, RootModel, AnyUrl
import annotated_types as at
UserId = NewType("UserId", int)
class Size(IntEnum):
    small = 1
    big = 2
class TD(TypedDict, total=False):
    a: int
    b: Required[str]
class TDN(TypedDict):
    a: int
    b: NotRequired[list[str]]
    c: Required[int]
class NT(NamedTuple):
    x: int
    y: str = "d"
@dataclass(kw_only=True, slots=True)
class KW:
    name: str
    tags: list[str] = field(default_factory=list)
    when: dt.date | None = None
@dataclass
class Outer:
    inner: KW
    many: dict[str, KW] = field(default_factory=dict)
class Cat(BaseModel):
    kind: Literal["cat"]
    meows: int
class Dog(BaseModel):
    kind: Literal["dog"]
    barks: float
Pet = Annotated[Cat | Dog, Field(discriminator="kind")]
class Computed(BaseModel):
    w: int
    @computed_field
    @property
    def area(self) -> int:
        return self.w * self.w
class Excl(BaseModel):
    name: str
    secret: str = Field("x", exclude=True)
class Root(RootModel[list[int]]): pass
class Valid(BaseModel):
    n: int
    @field_validator("n")
    @classmethod
    def odd(cls, v):
        if v % 2 == 0: raise ValueError("even")
        return v
class Forb(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    name: str
class Tree(BaseModel):
    v: int
    kids: list["Tree"] = []
class Times(BaseModel):
    t: dt.timedelta
    d: Decimal
    u: UUID
    b: bytes
    f: frozenset[int]
class Upl(BaseModel):
    model_config = ConfigDict(extra="forbid")
    username: str
    age: int = 3
    tags: list[str] = []
class HForbid(BaseModel):
    x_one: str
    x_many: list[int] = []
class CForbid(BaseModel):
    a: str
    b: int = 1
class Dates(BaseModel):
    start: dt.datetime
    day: dt.date = dt.date(2026,1,1)
    at: dt.time | None = None
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
    Row(name="query uuid", signature='u: UUID', result="{'u': u}", good=get("?u=12345678-1234-5678-1234-567812345678", "?u=12345678123456781234567812345678"), bad=get("?u=x", "")),
    Row(name="query datetime", signature='d: dt.datetime', result="{'d': d}", good=get("?d=2026-01-02T03:04:05", "?d=2026-01-02T03:04:05Z", "?d=2026-01-02T03:04:05%2B02:00", "?d=2026-01-02"), bad=get("?d=x")),
    Row(name="query time", signature='t: dt.time', result="{'t': t}", good=get("?t=03:04:05", "?t=03:04"), bad=get("?t=25:00")),
    Row(name="query frozenset", signature='q: Annotated[frozenset[int], Query()] = frozenset()', result="{'q': sorted(q)}", good=get("", "?q=2&q=1&q=1"), bad=get("?q=x")),
    Row(name="query set", signature='q: Annotated[set[str], Query()] = set()', result="{'q': sorted(q)}", good=get("", "?q=b&q=a")),
    Row(name="query tuple var", signature='q: Annotated[tuple[int, ...], Query()] = ()', result="{'q': q}", good=get("", "?q=1&q=2")),
    Row(name="query list len", signature='q: Annotated[list[int], Query(min_length=2, max_length=3)]', result="{'q': q}", good=get("?q=1&q=2"), bad=get("?q=1", "?q=1&q=2&q=3&q=4")),
    Row(name="query list item bounds", signature='q: Annotated[list[Annotated[int, Field(ge=1)]], Query()]', result="{'q': q}", good=get("?q=1"), bad=get("?q=0")),
    Row(name="query intenum", signature='s: Size', result="{'s': s}", good=get("?s=1"), bad=get("?s=3", "?s=small")),
    Row(name="query intenum default", signature='s: Size = Size.big', result="{'s': s}", good=get("", "?s=1")),
    Row(name="query newtype", signature='u: UserId', result="{'u': u}", good=get("?u=3"), bad=get("?u=x")),
    Row(name="query optional none", signature='q: Optional[int] = None', result="{'q': q}", good=get("", "?q=1"), bad=get("?q=x")),
    Row(name="query union old", signature='q: Union[int, None] = None', result="{'q': q}", good=get("", "?q=1")),
    Row(name="query json", signature='q: Annotated[PJson[list[int]], Query()]', result="{'q': q}", good=get("?q=[1,2]"), bad=get("?q=[1", "?q=[%22a%22]")),
    Row(name="query default factory", signature='q: Annotated[int, Query(default_factory=lambda: 7)]', ours='q: Annotated[int, Query()] = 7', result="{'q': q}", good=get("", "?q=1")),
    Row(name="query positive", signature='q: PositiveInt', result="{'q': q}", good=get("?q=1"), bad=get("?q=0")),
    Row(name="query conint", signature='q: conint(ge=2)', result="{'q': q}", good=get("?q=2"), bad=get("?q=1")),
    Row(name="query constr", signature='q: constr(min_length=2)', result="{'q': q}", good=get("?q=ab"), bad=get("?q=a")),
    Row(name="query at", signature='q: Annotated[int, at.Interval(ge=1, le=3)]', result="{'q': q}", good=get("?q=1"), bad=get("?q=4")),
    Row(name="query before", signature="q: Annotated[int, BeforeValidator(lambda v: v.strip('$'))]", result="{'q': q}", good=get("?q=$5"), bad=get("?q=$x")),
    Row(name="query url", signature='q: AnyUrl', result="{'q': q}", good=get("?q=ftp://a.example/x"), bad=get("?q=x")),
    Row(name="query negative", signature='q: int', result="{'q': q}", good=get("?q=-5", "?q=%2B5", "?q=05")),
    Row(name="query bool list", signature='q: Annotated[list[bool], Query()] = []', result="{'q': q}", good=get("?q=1&q=no"), bad=get("?q=x")),
    Row(name="query dates model", signature='d: Annotated[Dates, Query()]', result='d', good=get("?start=2026-01-02T03:04:05", "?start=2026-01-02T03:04:05&at=01:02&day=2026-05-06"), bad=get("?start=x")),
    Row(name="query model forbid", signature='d: Annotated[Forb, Query()]', result='d', good=get("?name=a", "?name=%20a%20"), bad=get("?name=a&b=1")),
    Row(name="header model", signature='h: Annotated[HForbid, Header()]', result='h', good=(*fields(("X-One", "a"), ("X-Many", "1"), ("X-Many", "2")),), bad=(*fields(("X-Many", "1")), *fields(("X-One", "a"), ("X-Many", "x")),)),
    Row(name="header no underscore", signature="h: Annotated[str, Header(alias='strange_header', convert_underscores=False)] = 'd'", ours="h: Annotated[str, Header('strange_header')] = 'd'", result="{'h':h}", good=(*get(""), *fields(("strange_header", "a")),)),
    Row(name="header list int", signature='x_n: Annotated[list[int], Header()]', result="{'n': x_n}", good=(*fields(("X-N", "1"), ("X-N", "2")),), bad=(*fields(("X-N", "x")),)),
    Row(name="header date", signature='if_since: Annotated[dt.date, Header()]', result="{'n': if_since}", good=(*fields(("If-Since", "2026-01-01")),), bad=(*fields(("If-Since", "x")),)),
    Row(name="cookie model", signature='c: Annotated[CForbid, Cookie()]', result='c', good=(*fields(("Cookie", "a=1; b=2")),), bad=(*fields(("Cookie", "b=2")), *fields(("Cookie", "a=1; b=x")),)),
    Row(name="cookie enum", signature='c: Annotated[ModelName, Cookie()]', result="{'c':c}", good=(*fields(("Cookie", "c=alexnet")),), bad=(*fields(("Cookie", "c=x")),)),
    Row(name="form model forbid", method="POST", signature='f: Annotated[Upl, Form()]', result='f', good=form("username=a", "username=a&age=4&tags=x&tags=y"), bad=form("username=a&other=1", "age=1")),
    Row(name="form list", method="POST", signature='tags: Annotated[list[int], Form()]', result="{'t':tags}", good=form("tags=1&tags=2"), bad=form("tags=x")),
    Row(name="form default", method="POST", signature="a: Annotated[int, Form()] = 3, b: Annotated[str, Form()] = 'x'", result="{'a':a,'b':b}", good=form("a=1", "b=y"), bad=form("a=x")),
    Row(name="form enum date", method="POST", signature='m: Annotated[ModelName, Form()], d: Annotated[dt.date, Form()]', result="{'m':m,'d':d}", good=form("m=alexnet&d=2026-01-02"), bad=form("m=x&d=2026-01-02")),
    Row(name="form bool", method="POST", signature='b: Annotated[bool, Form()]', result="{'b':b}", good=form("b=on"), bad=form("b=x")),
    Row(name="upload list", method="POST", signature='files: Annotated[list[UploadFile], File()]', result="{'n':[f.filename for f in files]}", good=(upload("files", "files"),)),
    Row(name="upload bytes list", method="POST", signature='files: Annotated[list[bytes], File()]', result="{'n':[len(f) for f in files]}", good=(upload("files", "files"),)),
    Row(name="upload optional list", method="POST", signature='files: list[UploadFile] | None = None', result="{'n': files and len(files)}", good=(upload("files"), upload("x"),)),
    Row(name="upload content", method="POST", signature='file: UploadFile', result="{'c': (await file.read()).decode(), 't': file.content_type, 's': file.size}", good=(upload("file"),)),
    Row(name="body typeddict", method="POST", signature='t: TD', result='t', good=post('{"b":"x"}', '{"a":1,"b":"x"}'), bad=post('{"a":1}', '{"a":"x","b":"y"}')),
    Row(name="body typeddict notrequired", method="POST", signature='t: TDN', result='t', good=post('{"a":1,"c":2}', '{"a":1,"c":2,"b":["x"]}'), bad=post('{"a":1}')),
    Row(name="body namedtuple", method="POST", signature='t: Annotated[NT, Body()]', result="{'x': t.x, 'y': t.y}", good=post('[1,"a"]', '[1]', '{"x":1}'), bad=post('["a"]')),
    Row(name="body dataclass kw", method="POST", signature='k: KW', result='k', good=post('{"name":"a"}', '{"name":"a","tags":["x"],"when":"2026-01-02"}'), bad=post('{"tags":[]}', '{"name":"a","when":"x"}')),
    Row(name="body nested dataclass", method="POST", signature='o: Outer', result='o', good=post('{"inner":{"name":"a"}}', '{"inner":{"name":"a"},"many":{"k":{"name":"b"}}}'), bad=post('{"inner":{}}')),
    Row(name="body discriminated", method="POST", signature='p: Annotated[Pet, Body()]', result='p', good=post('{"kind":"cat","meows":1}', '{"kind":"dog","barks":1.5}'), bad=post('{"kind":"cow"}', '{"meows":1}')),
    Row(name="body computed", method="POST", signature='c: Computed', result='c', good=post('{"w":3}')),
    Row(name="body exclude", method="POST", signature='e: Excl', result='e', good=post('{"name":"a","secret":"s"}')),
    Row(name="body root", method="POST", signature='r: Root', result='r', good=post('[1,2]'), bad=post('["x"]')),
    Row(name="body validator", method="POST", signature='v: Valid', result='v', good=post('{"n":3}'), bad=post('{"n":2}')),
    Row(name="body forbid", method="POST", signature='f: Forb', result='f', good=post('{"name":" a "}'), bad=post('{"name":"a","x":1}')),
    Row(name="body tree", method="POST", signature='t: Tree', result='t', good=post('{"v":1,"kids":[{"v":2}]}'), bad=post('{"v":1,"kids":[{}]}')),
    Row(name="body times", method="POST", signature='t: Times', result="{'t':t.t.total_seconds(),'d':str(t.d),'u':t.u,'b':t.b.decode(),'f':sorted(t.f)}", good=post('{"t":"PT5S","d":"1.50","u":"12345678-1234-5678-1234-567812345678","b":"abc","f":[1,1]}', '{"t":5,"d":1.5,"u":"12345678-1234-5678-1234-567812345678","b":"abc","f":[]}'), bad=post('{"t":"x","d":1,"u":"12345678-1234-5678-1234-567812345678","b":"a","f":[]}')),
    Row(name="body times out", method="POST", signature='t: Times', result='t', good=post('{"t":"PT5S","d":"1.50","u":"12345678-1234-5678-1234-567812345678","b":"abc","f":[1]}')),
    Row(name="body dates", method="POST", signature='d: Dates', result='d', good=post('{"start":"2026-01-02T03:04:05Z","at":"01:02:03"}', '{"start":"2026-01-02T03:04:05.123456+02:00"}', '{"start":1}'), bad=post('{"start":"x"}')),
    Row(name="body set", method="POST", signature='s: Annotated[set[int], Body()]', result='sorted(s)', good=post('[1,1]'), bad=post('["x"]')),
    Row(name="body list of union", method="POST", signature='s: Annotated[list[int | str], Body()]', result='s', good=post('[1,"a"]'), bad=post('[null]')),
    Row(name="body any", method="POST", signature='s: Annotated[Any, Body()]', result="{'s':s}", good=post('[1]', 'null', '{"a":1}')),
    Row(name="body bool", method="POST", signature='s: Annotated[bool, Body()]', result="{'s':s}", good=post('true'), bad=post('"x"')),
    Row(name="body str", method="POST", signature='s: Annotated[str, Body(min_length=2)]', result="{'s':s}", good=post('"ab"'), bad=post('"a"', '3')),
    Row(name="body enum", method="POST", signature='s: Annotated[ModelName, Body()]', result="{'s':s}", good=post('"alexnet"'), bad=post('"x"')),
    Row(name="body literal", method="POST", signature="s: Annotated[Literal[1,'a'], Body()]", result="{'s':s}", good=post('1', '"a"'), bad=post('2')),
    Row(name="body uuid", method="POST", signature='s: Annotated[UUID, Body()]', result="{'s':s}", good=post('"12345678-1234-5678-1234-567812345678"'), bad=post('"x"')),
    Row(name="body optional dc", method="POST", signature='s: KW | None = None', result="{'s':s}", good=post('', 'null', '{"name":"a"}')),
    Row(name="body dict enum keys", method="POST", signature='s: Annotated[dict[ModelName, int], Body()]', result='s', good=post('{"alexnet":1}'), bad=post('{"x":1}')),
    Row(name="body secret", method="POST", signature='s: Annotated[SecretStr, Body()]', result="{'s':s.get_secret_value()}", good=post('"x"')),
    Row(name="path float", folder="[f]", signature='f: float', result="{'f':f}", good=get("/1.5"), bad=get("/x"), departs=NOT_FOUND, statuses=(404,)),
    Row(name="path bool", folder="[f]", signature='f: bool', result="{'f':f}", good=get("/true"), bad=get("/x"), departs=NOT_FOUND, statuses=(404,)),
    Row(name="path datetime", folder="[f]", signature='f: dt.datetime', result="{'f':f}", good=get("/2026-01-02T03:04:05"), bad=get("/x"), departs=NOT_FOUND, statuses=(404,)),
    Row(name="path intenum", folder="[f]", signature='f: Size', result="{'f':f}", good=get("/1"), bad=get("/9"), departs=NOT_FOUND, statuses=(404,)),
    Row(name="path literal", folder="[f]", signature="f: Literal['a','b']", result="{'f':f}", good=get("/a"), bad=get("/c"), departs=NOT_FOUND, statuses=(404,)),
    Row(name="path newtype", folder="[f]", signature='f: UserId', result="{'f':f}", good=get("/1"), bad=get("/c"), departs=NOT_FOUND, statuses=(404,)),
    Row(name="path positive", folder="[f]", signature='f: PositiveInt', result="{'f':f}", good=get("/1"), bad=get("/0"), departs=NOT_FOUND, statuses=(404,)),
    Row(name="header json list", signature="x_q: Annotated[PJson[list[int]], Header()]", result="x_q", good=fields(("X-Q", "[1, 2]")), bad=fields(("X-Q", "1"))),
    Row(name="form json list", method="POST", signature="q: Annotated[PJson[list[int]], Form()]", result="q", good=form("q=%5B1%5D"), bad=form("q=1", "q=")),
]  # fmt: skip
