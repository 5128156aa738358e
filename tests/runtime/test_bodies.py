"""A body as one model, or as single fields and files of a form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.project import RouteProject

    Make = Callable[..., RouteProject]

DATACLASS = """\
import enum
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal
class Colour(enum.Enum):
    RED = "red"
    NONE = 0
@dataclass
class Address:
    city: str
@dataclass
class Post:
    title: str
    count: int = 0
    ratio: float = 0.5
    public: bool = False
    tags: list[str] = field(default_factory=list)
    at: date | None = None
    colour: Colour = Colour.RED
    kind: Literal[1, 2] = 1
    any: Any = None
    address: Address | None = None
"""
TYPED_DICT = """\
from typing import NotRequired, TypedDict
class Post(TypedDict):
    title: str
    count: NotRequired[int]
    tags: NotRequired[list[str]]
"""
PYDANTIC = """\
from pydantic import BaseModel
class Post(BaseModel):
    title: str
    count: int = 0
    tags: list[str] = []
    note: str | None = None
"""
MSGSPEC = """\
import msgspec
class Post(msgspec.Struct, omit_defaults=True):
    title: str
    count: int = 0
    tags: list[str] = []
"""
MODELS = {"dataclass": DATACLASS, "typed dict": TYPED_DICT, "pydantic": PYDANTIC, "msgspec": MSGSPEC}
MULTIPART = "multipart/form-data; boundary=XX"


def route(model: str, signature: str = "post: Post", result: str = "repr(post)", *, future: bool = False) -> str:
    lines = "from __future__ import annotations\n" if future else ""
    return f"{lines}{model}async def POST({signature}):\n    return {result}\n"


def multipart(*parts: tuple[str, str]) -> bytes:
    """A multipart body of headers and contents, under the boundary XX."""
    return "".join(f"--XX\r\n{head}\r\n\r\n{content}\r\n" for head, content in parts).encode() + b"--XX--\r\n"


def part(name: str, content: str, more: str = "") -> tuple[str, str]:
    return f'Content-Disposition: form-data; name="{name}"{more}', content


@pytest.mark.parametrize("future", [False, True])
@pytest.mark.parametrize("kind", MODELS)
def test_a_model_is_read_from_json(project: Make, kind: str, future: bool) -> None:
    routes = project(route(MODELS[kind], result="{'title': title_of(post), 'kind': type(post).__name__}", future=future).replace(
        "async def", "def title_of(post):\n    return post['title'] if isinstance(post, dict) else post.title\nasync def"
    ))  # fmt: skip

    response = routes.post_json("/x", {"title": "ä", "count": 2})

    assert response.json() == {"title": "ä", "kind": "dict" if kind == "typed dict" else "Post"}


@pytest.mark.parametrize(
    ("kind", "errors"),
    [
        ("dataclass", [("count", "must be an integer"), ("tags.1", "must be a string"), ("title", "is required")]),
        ("typed dict", [("count", "must be an integer"), ("tags.1", "must be a string"), ("title", "is required")]),
        (
            "pydantic",
            [
                ("count", "Input should be a valid integer, unable to parse string as an integer"),
                ("tags.1", "Input should be a valid string"),
                ("title", "Field required"),
            ],
        ),
        ("msgspec", [("count", "Expected `int`, got `str`")]),
    ],
)
def test_what_does_not_validate_is_400_with_every_problem(
    project: Make, kind: str, errors: list[tuple[str, str]]
) -> None:
    routes = project(route(MODELS[kind], "post: Post, page: int"))

    response = routes.post_json("/x?page=x", {"count": "two", "tags": ["a", 1]})

    expected = [*errors, ("page", "must be an integer")]
    assert response.status == 400
    assert sorted((error["field"], error["message"]) for error in response.json()["errors"]) == sorted(expected)


@pytest.mark.parametrize("kind", MODELS)
def test_a_body_of_another_shape_is_a_problem_of_the_body(project: Make, kind: str) -> None:
    response = project(route(MODELS[kind])).post_json("/x", [])

    assert (response.status, [error["field"] for error in response.json()["errors"]]) == (400, ["body"])


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"{'a': 1}"])
def test_malformed_json_is_400_and_says_so(project: Make, kind: str, body: bytes) -> None:
    response = project(route(MODELS[kind])).request("POST", "/x", [("content-type", "application/json")], body)

    assert (response.status, response.json()["detail"].partition(":")[0].replace("UTF-8", "JSON")) == (
        400,
        "the request body is not valid JSON",
    )


@pytest.mark.parametrize("kind", MODELS)
def test_json_that_is_sent_as_a_form_is_reported(project: Make, kind: str) -> None:
    headers = [("content-type", "application/x-www-form-urlencoded")]

    response = project(route(MODELS[kind])).request("POST", "/x", headers, b'{"title": "a", "count": 1}')

    said = "looks like JSON, and its type is application/x-www-form-urlencoded: send it as application/json"
    assert (response.status, response.json()["errors"]) == (400, [{"field": "body", "message": said}])


def test_json_that_is_nested_too_deep_is_400(project: Make) -> None:
    tree = "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass Tree:\n    child: Tree | None = None\n"
    routes = project(f"{tree}async def POST(tree: Tree):\n    return 'fine'\n")
    body = b'{"child":' * 900 + b"null" + b"}" * 900

    assert routes.request("POST", "/x", body=body).status == 400


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "application/ld+json", None, "APPLICATION/JSON"]
)
def test_json_is_what_says_so_or_says_nothing(project: Make, kind: str | None) -> None:
    headers = [] if kind is None else [("Content-Type", kind)]

    assert project(route(DATACLASS)).request("POST", "/x", headers, b'{"title":"a"}').status == 200


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "application/jsonp"])
def test_another_content_type_is_415(project: Make, kind: str, content_type: str) -> None:
    response = project(route(MODELS[kind])).request("POST", "/x", [("content-type", content_type)], b'{"title":"a"}')

    assert (response.status, response.json()["detail"]) == (
        415,
        f"the body is {content_type}: send application/json or a form",
    )


@pytest.mark.parametrize(
    ("signature", "body", "shown"),
    [
        ("post: Post | None", b"", "None"),
        ("post: Post | None = None", b"", "None"),
        ("post: Post = 5", b"", "5"),
        ("post: Post | None", b'{"title":"a"}', "a"),
    ],
)
def test_an_optional_model_may_be_left_out(project: Make, signature: str, body: bytes, shown: str) -> None:
    routes = project(route(DATACLASS, signature, "str(getattr(post, 'title', post))"))

    assert routes.request("POST", "/x", [("content-type", "text/plain")] if not body else [], body).text == shown


@pytest.mark.parametrize("kind", MODELS)
def test_a_model_is_read_from_a_form_of_both_kinds(project: Make, kind: str) -> None:
    result = "[post['title'], post['count'], post['tags']] if isinstance(post, dict) else [post.title, post.count, post.tags]"
    routes = project(route(MODELS[kind], result=result))

    encoded = routes.post_form("/x", "title=%C3%A4+b&count=2&tags=one&other=3")
    body = multipart(part("title", "ä b"), part("count", "2"), part("tags", "one"), part("other", "3"))
    in_parts = routes.request("POST", "/x", [("content-type", MULTIPART)], body)

    assert (encoded.json(), in_parts.json()) == (["ä b", 2, ["one"]], ["ä b", 2, ["one"]])
    assert routes.post_form("/x", "title=a&count=1&tags=1&tags=2").json() == ["a", 1, ["1", "2"]]


@pytest.mark.parametrize("kind", MODELS)
def test_a_form_field_that_does_not_convert_is_a_problem_of_its_own(project: Make, kind: str) -> None:
    response = project(route(MODELS[kind])).post_form("/x", "count=two&title=a")

    assert (response.status, [error["field"] for error in response.json()["errors"]]) == (400, ["count"])


def test_a_forms_texts_become_what_the_fields_say(project: Make) -> None:
    routes = project(route(DATACLASS))

    shown = routes.post_form(
        "/x", "title=&count=3&ratio=1&public=on&at=2026-01-02&colour=0&kind=2&any=x&tags=1&tags="
    ).text

    assert shown == (
        "Post(title='', count=3, ratio=1.0, public=True, tags=['1', ''], at=datetime.date(2026, 1, 2), "
        "colour=<Colour.NONE: 0>, kind=2, any='x', address=None)"
    )


def test_a_form_field_left_empty_counts_as_absent_except_for_text(project: Make) -> None:
    assert project(route(DATACLASS)).post_form("/x", "title=&count=&at=&public=").text == (
        "Post(title='', count=0, ratio=0.5, public=False, tags=[], at=None, colour=<Colour.RED: 'red'>, kind=1, any=None, "
        "address=None)"
    )
    assert (
        project(route(PYDANTIC)).post_form("/x", "title=&count=").text == "Post(title='', count=0, tags=[], note=None)"
    )


def test_a_form_names_every_problem_once(project: Make) -> None:
    response = project(route(DATACLASS)).post_form("/x", "count=x&at=y&kind=3")

    assert response.json()["errors"] == [
        {"field": "title", "message": "is required"},
        {"field": "count", "message": "must be an integer"},
        {"field": "at", "message": "must be an ISO 8601 date"},
        {"field": "kind", "message": "must be one of 1, 2"},
    ]


FIELDS = """\
from typing import Annotated
from edgeroutes import File, Form
"""


@pytest.mark.parametrize(
    ("signature", "body", "shown"),
    [
        ("a: Annotated[str, Form()]", "a=x+y", "'x y'"),
        ("a: Annotated[str, Form]", "a=1&a=2", "'2'"),
        ("a: Annotated[int, Form('n')]", "n=7", "7"),
        ("a: Annotated[int | None, Form()]", "b=1", "None"),
        ("a: Annotated[int, Form()] = 3", "b=1", "3"),
        ("a: Annotated[list[int], Form()]", "a=1&a=2", "[1, 2]"),
        ("a: Annotated[list, Form()]", "a=1&a=2", "['1', '2']"),
        ("a: Annotated[list[str], Form()]", "b=1", "[]"),
    ],
)
def test_form_takes_one_field(project: Make, signature: str, body: str, shown: str) -> None:
    assert project(route(FIELDS, signature, "repr(a)")).post_form("/x", body).text == shown


def test_form_fields_and_segments_and_queries_have_their_problems_together(project: Make) -> None:
    signature = "a: Annotated[int, Form()], b: Annotated[list[int], Form()], c: Annotated[str, Form()], d: int, e: Annotated[str, File()]"
    response = project(route(FIELDS, signature, "1")).post_form("/x?d=x", "a=x&b=1&b=y&e=text")

    assert response.json()["errors"] == [
        {"field": "a", "message": "must be an integer"},
        {"field": "b", "message": "must be an integer"},
        {"field": "c", "message": "is required"},
        {"field": "d", "message": "must be an integer"},
        {"field": "e", "message": "must be a file"},
    ]


def test_a_field_without_a_form_is_415_unless_there_is_no_body_and_a_default(project: Make) -> None:
    required = project(route(FIELDS, "a: Annotated[str, Form()]", "a"))
    optional = project(route(FIELDS, "a: Annotated[str, Form()] = 'none'", "a"))

    assert required.post_json("/x", {"a": "x"}).status == 415
    assert required.request("POST", "/x").status == 415
    assert optional.post_json("/x", {"a": "x"}).status == 415
    assert optional.request("POST", "/x").text == "none"


def upload(name: str, content: str = "data", file: str = "p.png", kind: str = "image/png") -> tuple[str, str]:
    return part(name, content, f'; filename="{file}"\r\nContent-Type: {kind}')


def test_file_takes_one_file_as_an_upload_file(project: Make) -> None:
    result = "[(await a.read()).decode(), a.filename, a.content_type, a.size]"
    routes = project(route(FIELDS, "a: Annotated[object, File(max_bytes=4, types=['image/*'])]", result))

    response = routes.request("POST", "/x", [("content-type", MULTIPART)], multipart(upload("a")))

    assert response.json() == ["data", "p.png", "image/png", 4]


@pytest.mark.parametrize(
    ("marker", "uploaded", "status", "detail"),
    [
        ("File(max_bytes=3)", upload("a"), 413, "the file 'a' has 4 bytes: 3 are allowed"),
        ("File(types=['image/jpeg'])", upload("a"), 415, "the file 'a' is image/png: image/jpeg are taken"),
        ("File(types='image/png')", upload("a", kind="IMAGE/PNG; x=1"), 200, None),
        ("File(types='text/*')", upload("a"), 415, "the file 'a' is image/png: text/* are taken"),
        ("File(types='*')", upload("a"), 415, "the file 'a' is image/png: * are taken"),
    ],
)
def test_a_file_that_is_too_large_or_of_another_type_is_refused(
    project: Make, marker: str, uploaded: tuple[str, str], status: int, detail: str | None
) -> None:
    routes = project(route(FIELDS, f"a: Annotated[object, {marker}]", "{}"))

    response = routes.request("POST", "/x", [("content-type", MULTIPART)], multipart(uploaded))

    assert (response.status, response.json().get("detail")) == (status, detail)


def test_several_files_and_a_file_input_that_nobody_filled_in(project: Make) -> None:
    several = project(route(FIELDS, "a: Annotated[list[object], File()]", "[one.filename for one in a]"))
    optional = project(route(FIELDS, "a: Annotated[object | None, File()]", "repr(a)"))
    required = project(route(FIELDS, "a: Annotated[object, File()]", "repr(a)"))
    headers = [("content-type", MULTIPART)]
    nothing = multipart(upload("a", content="", file="", kind="application/octet-stream"))

    two = multipart(upload("a", file="1"), upload("a", file="2"))
    assert several.request("POST", "/x", headers, two).json() == ["1", "2"]
    assert several.request("POST", "/x", headers, nothing).json() == []
    assert optional.request("POST", "/x", headers, nothing).text == "None"
    assert required.request("POST", "/x", headers, nothing).json()["errors"] == [
        {"field": "a", "message": "is required"}
    ]


def test_a_file_where_a_field_is_expected_is_a_problem(project: Make) -> None:
    routes = project(route(FIELDS, "a: Annotated[str, Form()]", "a"))

    response = routes.request("POST", "/x", [("content-type", MULTIPART)], multipart(upload("a")))

    assert response.json()["errors"] == [{"field": "a", "message": "must be a field, not a file"}]


def test_a_body_whose_base64_is_broken_is_400(project: Make) -> None:
    response = project(route(DATACLASS)).request("POST", "/x", body=ValueError("its base64 is broken"))

    assert (response.status, response.json()["detail"]) == (400, "the body cannot be read: its base64 is broken")


def test_an_exception_of_the_model_other_than_value_error_is_a_500(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    model = "from dataclasses import dataclass\n@dataclass\nclass Post:\n    title: str\n    def __post_init__(self):\n        1 / 0\n"

    assert project(route(model)).post_json("/x", {"title": "a"}).status == 500
    assert [line["exception_name"] for line in log_lines()] == ["ZeroDivisionError"]


@pytest.mark.parametrize(
    ("signature", "shown"),
    [
        ("a: UploadFile", "a.file.read()"),
        ("a: UploadFile | None = None", "a.file.read()"),
        ("a: list[UploadFile]", "a[0].file.read()"),
        ("a: Annotated[UploadFile, File(max_bytes=9)]", "a.file.read()"),
        ("a: Annotated[bytes, File()]", "a"),
        ("a: Annotated[list[bytes], File()]", "a[0]"),
        ("a: Annotated[bytes | None, File()] = None", "a"),
    ],
)
def test_a_file_is_an_upload_or_its_bytes(project: Make, signature: str, shown: str) -> None:
    source = (
        "from typing import Annotated\nfrom edgeroutes import File, UploadFile\n"
        f"async def POST({signature}):\n    return {shown}\n"
    )
    body = '--b\r\nContent-Disposition: form-data; name="a"; filename="x"\r\n\r\nabc\r\n--b--\r\n'

    assert project({"x/route.py": source}).post_form("/x", body, "multipart/form-data; boundary=b").text == "abc"


ANY_BODY = """\
import msgspec
from dataclasses import dataclass
from datetime import date
from pydantic import BaseModel, RootModel
from typing import Annotated, Any, Literal, NamedTuple, TypedDict
from edgeroutes import Body
@dataclass
class Item:
    n: int
class Model(BaseModel):
    n: int
class Struct(msgspec.Struct):
    n: int
class Root(RootModel[list[int]]):
    pass
class Point(NamedTuple):
    x: int
    y: int = 2
@dataclass
class Dog:
    kind: Literal["dog"]
class Cat(TypedDict):
    kind: Literal["cat"]
"""


@pytest.mark.parametrize("future", ["", "from __future__ import annotations\n"])
@pytest.mark.parametrize(
    ("signature", "sent", "shown"),
    [
        ("b: dict", {"a": [1]}, "{'a': [1]}"),
        ("b: dict[str, int]", {"a": 1}, "{'a': 1}"),
        ("b: dict[str, int]", {"a": "x"}, [{"field": "a", "message": "must be an integer"}]),
        ("b: dict[int, str]", {"1": "x"}, "{1: 'x'}"),
        ("b: dict[str, Any]", [], [{"field": "body", "message": "must be an object"}]),
        ("b: list[Item]", [{"n": 1}], "[Item(n=1)]"),
        ("b: list[Item]", [{"n": "x"}], [{"field": "0.n", "message": "must be an integer"}]),
        ("b: list[Model]", [{"n": 1}], "[Model(n=1)]"),
        ("b: list[Struct]", [{"n": 1}], "[Struct(n=1)]"),
        ("b: list[dict]", [{"n": 1}], "[{'n': 1}]"),
        ("b: list[list[int]]", [[1]], "[[1]]"),
        ("b: dict[str, Model]", {"a": {"n": 1}}, "{'a': Model(n=1)}"),
        ("b: Root", [1], "Root(root=[1])"),
        ("b: Point", [1], "Point(x=1, y=2)"),
        ("b: Point", {"x": 1, "y": 3}, "Point(x=1, y=3)"),
        ("b: Point", [1, 2, 3], [{"field": "body", "message": "must have at most 2 items"}]),
        ("b: Point", ["x"], [{"field": "x", "message": "must be an integer"}]),
        ("b: Dog | Cat", {"kind": "cat"}, "{'kind': 'cat'}"),
        ("b: Dog | Cat", {"kind": "cow"}, [{"field": "kind", "message": "must be one of dog, cat"}]),
        ("b: Dog | Cat | None", None, "None"),
        ("b: Annotated[int, Body()]", 3, "3"),
        ("b: Annotated[int, Body]", 3, "3"),
        ("b: Annotated[int, Body()]", "3", [{"field": "body", "message": "must be an integer"}]),
        ("b: Annotated[list[int], Body()]", [1, 2], "[1, 2]"),
        ("b: Annotated[int | str, Body()]", "x", "'x'"),
        ("b: Annotated[date, Body()]", "2026-01-02", "datetime.date(2026, 1, 2)"),
        ("b: Annotated[Item, Body()]", {"n": 1}, "Item(n=1)"),
        ("b: Annotated[Model, Body()]", {"n": 1}, "Model(n=1)"),
        ("b: Annotated[Item | None, Body()] = None", None, "None"),
        ("b: Annotated[Any, Body()]", [None], "[None]"),
    ],
)
def test_a_body_is_any_type_of_json(project: Make, signature: str, sent: Any, shown: Any, future: str) -> None:
    source = f"{future}{ANY_BODY}async def POST({signature}):\n    return repr(b)\n"
    response = project({"x/route.py": source}).post_json("/x", sent)

    assert (response.json()["errors"] if response.status == 400 else response.text) == shown


@pytest.mark.parametrize("signature", ["b: Item | None = None", "b: dict | None = None", "b: list[Item] | None = None"])
def test_without_a_body_an_optional_one_has_its_default(project: Make, signature: str) -> None:
    routes = project({"x/route.py": f"{ANY_BODY}async def POST({signature}):\n    return repr(b)\n"})

    assert routes.request("POST", "/x").text == "None"


def test_a_body_that_no_form_fills_refuses_a_form(project: Make) -> None:
    response = project({"x/route.py": f"{ANY_BODY}async def POST(b: dict):\n    return b\n"}).post_form("/x", "a=1")

    assert (response.status, response.json()["detail"]) == (
        415,
        "the body is application/x-www-form-urlencoded: send application/json",
    )


FIELD_MODELS = {
    "dataclass": "@dataclass\nclass M:\n    n: int\n    tags: list[str] = field(default_factory=list)\n    word: str = 'w'\n",
    "typed_dict": "class M(TypedDict):\n    n: int\n    tags: NotRequired[list[str]]\n    word: NotRequired[str]\n",
    "named_tuple": "class M(NamedTuple):\n    n: int\n    tags: list[str] = []\n    word: str = 'w'\n",
    "pydantic": "class M(BaseModel):\n    n: int\n    tags: list[str] = []\n    word: str = 'w'\n",
    "msgspec": "class M(msgspec.Struct):\n    n: int\n    tags: list[str] = []\n    word: str = 'w'\n",
}
MODEL_IMPORTS = """\
import msgspec
from dataclasses import dataclass, field
from pydantic import BaseModel, ConfigDict, Field
from typing import Annotated, NamedTuple, NotRequired, TypedDict
from edgeroutes import Cookie, Form, Header, Query
"""


@pytest.mark.parametrize("model", FIELD_MODELS.values(), ids=FIELD_MODELS.keys())
@pytest.mark.parametrize("place", ["Query", "Header", "Cookie", "Form"])
def test_a_model_is_read_from_query_headers_cookies_or_form(project: Make, model: str, place: str) -> None:
    source = (
        f"{MODEL_IMPORTS}{model}async def POST(m: Annotated[M, {place}()]):\n"
        "    get = m.get if isinstance(m, dict) else lambda name: getattr(m, name)\n"
        "    return [get('n'), get('tags') or [], get('word') or 'w']\n"
    )
    routes = project({"x/route.py": source})

    def send(*pairs: tuple[str, str]) -> Any:
        encoded = "&".join(f"{name}={value}" for name, value in pairs)
        if place == "Form":
            return routes.post_form("/x", encoded)
        cookie = [("Cookie", "; ".join(f"{name}={value}" for name, value in pairs))]
        headers = {"Header": list(pairs), "Cookie": cookie}.get(place, [])
        return routes.request("POST", f"/x?{encoded if place == 'Query' else ''}", headers)

    assert send(("n", "1")).json() == [1, [], "w"]
    assert send(("n", "1"), ("tags", "a"), ("word", "x"), ("other", "o")).json() == [1, ["a"], "x"]
    if place != "Cookie":
        assert send(("n", "1"), ("tags", "a"), ("tags", "b")).json() == [1, ["a", "b"], "w"]
    assert [error["field"] for error in send(("n", "x")).json()["errors"]] == ["n"]
    assert [error["field"] for error in send(("word", "x")).json()["errors"]] == ["n"]


@pytest.mark.parametrize(
    ("model", "marker", "query", "expected"),
    [
        ("@dataclass\nclass M:\n    a: Annotated[int, Query('x', ge=1)]\n", "Query()", "x=1", {"a": 1}),
        ("@dataclass\nclass M:\n    a: Annotated[int, Query('x', ge=1)]\n", "Query()", "x=0", "x"),
        ("class M(BaseModel):\n    a: int = Field(alias='x', ge=1)\n", "Query()", "x=1", {"x": 1}),
        ("class M(BaseModel):\n    a: int = Field(validation_alias='x', ge=1)\n", "Query()", "x=0", "x"),
        ("class M(msgspec.Struct):\n    a: int = msgspec.field(name='x')\n", "Query()", "x=1", {"x": 1}),
        ("class M(BaseModel):\n    model_config = ConfigDict(extra='forbid')\n    a: int = 1\n", "Query()", "b=1", "b"),
        ("@dataclass\nclass M:\n    a: int | None = None\n", "Query()", "a=", {"a": None}),
        ("@dataclass\nclass M:\n    a: str = 'd'\n", "Query()", "a=", {"a": ""}),
        ("@dataclass\nclass M:\n    a: set[int]\n", "Query()", "a=1&a=1", {"a": [1]}),
    ],
)
def test_fields_of_a_query_model_have_aliases_and_constraints(
    project: Make, model: str, marker: str, query: str, expected: Any
) -> None:
    source = f"{MODEL_IMPORTS}{model}async def GET(m: Annotated[M, {marker}]):\n    return m\n"
    response = project({"x/route.py": source}).get(f"/x?{query}")

    assert (response.json()["errors"][0]["field"] if response.status == 400 else response.json()) == expected


def test_a_model_with_a_default_is_optional_as_a_whole(project: Make) -> None:
    source = (
        f"{MODEL_IMPORTS}{FIELD_MODELS['dataclass']}"
        "async def GET(m: Annotated[M | None, Query()] = None, h: Annotated[M, Header()] = M(7)):\n    return [m, h.n]\n"
    )
    assert project({"x/route.py": source}).get("/x?other=1").json() == [None, 7]


@pytest.mark.parametrize("kind", ["pydantic", "msgspec"])
@pytest.mark.parametrize("annotation", ["set[int]", "dict[int, str]", "list[frozenset[int]]"])
def test_a_library_model_does_not_hash_what_a_client_chose_to_collide(
    project: Make, kind: str, annotation: str
) -> None:
    base = {"pydantic": "BaseModel", "msgspec": "msgspec.Struct"}[kind]
    source = f"{MODEL_IMPORTS}class M({base}):\n    a: {annotation}\nasync def POST(m: M):\n    return 'made'\n"
    numbers = [number * (2**61 - 1) for number in range(1, 2_000)]
    mapping = {str(number): "x" for number in numbers}
    value: Any = {"set[int]": numbers, "dict[int, str]": mapping}.get(annotation, [numbers])
    routes = project({"x/route.py": source})

    response = routes.post_json("/x", {"a": value})
    assert (response.status, "same hash" in response.text) == (400, True)
    plain: Any = list(range(2_000))
    good = {"set[int]": plain, "dict[int, str]": {str(n): "x" for n in plain}}.get(annotation, [plain])
    assert routes.post_json("/x", {"a": good}).text == "made"


@pytest.mark.parametrize(
    ("parameters", "shown"),
    [
        ("filename*=UTF-8''caf%C3%A9.txt", "'abc'"),
        ("filename=\"a.txt\"; filename*=UTF-8''caf%C3%A9.txt", "'a.txt'"),
        ("filename*=UTF-8''caf%C3%A9.txt; filename=\"a.txt\"", "'a.txt'"),
    ],
)
def test_a_part_with_filename_star_alone_is_a_field(project: Make, parameters: str, shown: str) -> None:
    """RFC 7578 §4.2 forbids `filename*` in forms."""
    source = (
        "async def POST(request):\n"
        "    value = (await request.form())['a']\n    return repr(getattr(value, 'filename', value))\n"
    )
    body = f'--b\r\nContent-Disposition: form-data; name="a"; {parameters}\r\n\r\nabc\r\n--b--\r\n'

    assert project({"x/route.py": source}).post_form("/x", body, "multipart/form-data; boundary=b").text == shown
