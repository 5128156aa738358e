"""Our own cases: a request to the app in `own/`, and the response, the same whatever stands between.

`expect` follows the conventions of Next.js' case file (see `expectations`), so both suites are read by one reader. A case that one
adapter cannot run says why in `skip`.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgeroutes.http.conditional import strong_etag
from tests.conformance.drivers import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

PLAIN = Settings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One request and its response.

    Args:
        name: What it shows.
        method: Of the request.
        path: Percent-encoded.
        query: Percent-encoded.
        sent: Header fields of the request.
        body: Of the request.
        status: Of the response.
        headers: What is wanted of the response's fields; None means absent.
        wanted: What is wanted of its body; bytes are compared as they are.
        settings: Of the project.
        skip: Adapter → why it cannot be run there.
    """

    name: str
    method: str = "GET"
    path: str = "/"
    query: str = ""
    sent: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    status: int = 200
    headers: Mapping[str, Any] = field(default_factory=dict)
    wanted: Any = None
    settings: Settings = PLAIN
    skip: Mapping[str, str] = field(default_factory=dict)


JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"
PROBLEM = "application/problem+json"
DYNAMIC = "private, no-store"
FORM = ("Content-Type", "application/x-www-form-urlencoded")
ALL_BYTES = bytes(range(256))
BOUNDARY = ("Content-Type", "multipart/form-data; boundary=edge")
BELOW = Settings(base_path="/api")
SLASHED = Settings(trailing_slash=True)
DECODES = {"http-api": "an HTTP API decodes the path before the function sees it"}


def problem(status: int, title: str, **members: Any) -> dict[str, Any]:
    return {"jsonPartial": {"type": "about:blank", "title": title, "status": status, **members}}


def part(name: str, content: bytes, kind: str = "text/plain", file_name: str = "a.txt") -> bytes:
    head = f'--edge\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\nContent-Type: {kind}\r\n\r\n'
    return head.encode() + content + b"\r\n--edge--\r\n"


METHODS = [
    Case(
        name="a GET responds with its type and as dynamic",
        path="/hello",
        headers={"content-type": JSON, "cache-control": DYNAMIC, "etag": None, "allow": None},
        wanted='{"hello":"world"}',
    ),
    Case(name="the root is a route", path="/", headers={"content-type": TEXT}, wanted="root"),
    Case(
        name="HEAD has GET's head and no body",
        method="HEAD",
        path="/hello",
        headers={"content-type": JSON, "cache-control": DYNAMIC},
        wanted="",
    ),
    Case(
        name="HEAD of a stream has its head",
        method="HEAD",
        path="/generator",
        headers={"content-type": TEXT},
        wanted="",
    ),
    Case(
        name="HEAD of an error has no body",
        method="HEAD",
        path="/nope",
        status=404,
        headers={"content-type": PROBLEM},
        wanted="",
    ),
    Case(
        name="OPTIONS says what is allowed",
        method="OPTIONS",
        path="/things/1",
        status=204,
        headers={"allow": "DELETE, GET, HEAD, OPTIONS, PUT", "content-type": None},
        wanted="",
    ),
    Case(
        name="a method that is not exported is a 405 with Allow",
        method="POST",
        path="/hello",
        status=405,
        headers={"allow": "GET, HEAD, OPTIONS", "content-type": None, "cache-control": DYNAMIC},
        wanted="",
    ),
    Case(name="a method that HTTP does not know is a 400", method="BREW", path="/hello", status=400, wanted=""),
    Case(
        name="a method of WebDAV is a 400",
        method="PROPFIND",
        path="/hello",
        status=400,
        headers={"allow": None},
        wanted="",
    ),
    Case(name="TRACE is a 400", method="TRACE", path="/hello", status=400, wanted=""),
    Case(
        name="PUT reads JSON",
        method="PUT",
        path="/things/7",
        sent=(("Content-Type", JSON),),
        body=b'{"a": [1, null, "\xc3\xa9"]}',
        wanted={"json": {"id": 7, "changes": {"a": [1, None, "é"]}}},
    ),
    Case(
        name="a 204 has neither body nor type",
        method="DELETE",
        path="/things/7",
        status=204,
        headers={"content-type": None},
        wanted="",
    ),
    Case(
        name="a 205 has neither body nor type",
        path="/status/205",
        status=205,
        headers={"content-type": None},
        wanted="",
    ),
    Case(
        name="a 304 has neither body nor type",
        path="/status/304",
        status=304,
        headers={"content-type": None},
        wanted="",
    ),
    Case(name="a status that no registry knows goes through", path="/status/299", status=299, wanted=""),
]

ERRORS = [
    Case(
        name="an unmatched path is a problem that names it",
        path="/nope",
        status=404,
        headers={"content-type": PROBLEM, "cache-control": DYNAMIC},
        wanted=problem(404, "Not Found", instance="/nope"),
    ),
    Case(
        name="OPTIONS of an unmatched path is a 404",
        method="OPTIONS",
        path="/nope",
        status=404,
        wanted=problem(404, "Not Found"),
    ),
    Case(
        name="not_found says what is missing",
        path="/things/404",
        status=404,
        headers={"content-type": PROBLEM},
        wanted=problem(404, "Not Found", detail="there is no such thing", instance="/things/404"),
    ),
    Case(
        name="a segment that does not convert is a 404",
        path="/things/one",
        status=404,
        wanted=problem(404, "Not Found"),
    ),
    Case(
        name="an exception is a 500",
        path="/errors/raised",
        status=500,
        headers={"content-type": PROBLEM, "cache-control": DYNAMIC},
        wanted=problem(500, "Internal Server Error", instance="/errors/raised"),
    ),
    Case(name="None is a 500", path="/errors/none", status=500, wanted=problem(500, "Internal Server Error")),
    Case(name="a tuple is a 500", path="/errors/tuple", status=500, wanted=problem(500, "Internal Server Error")),
    Case(name="a set is a 500", path="/errors/set", status=500, wanted=problem(500, "Internal Server Error")),
    Case(name="unauthorized is a 401", path="/errors/unauthorized", status=401, wanted=problem(401, "Unauthorized")),
    Case(
        name="forbidden is a 403",
        path="/errors/forbidden",
        status=403,
        wanted=problem(403, "Forbidden", detail="not you"),
    ),
    Case(
        name="HTTPError has its own headers",
        path="/errors/retry",
        status=429,
        headers={"retry-after": "3", "content-type": PROBLEM},
        wanted=problem(429, "Too Many Requests", detail="slow down"),
    ),
    Case(
        name="HTTPError names fields",
        path="/errors/fields",
        status=422,
        wanted=problem(422, "Unprocessable Content", errors=[{"field": "a", "message": "is wrong"}]),
    ),
    Case(
        name="a generator may refuse before its first chunk",
        path="/errors/stream",
        status=503,
        headers={"content-type": PROBLEM},
        wanted=problem(503, "Service Unavailable", detail="not now"),
    ),
    Case(
        name="validation names every field",
        query="page=x&order=up",
        path="/search",
        status=400,
        wanted=problem(
            400,
            "Bad Request",
            errors=[
                {"field": "q", "message": "is required"},
                {"field": "page", "message": "must be an integer"},
                {"field": "order", "message": "must be one of asc, desc"},
            ],
        ),
    ),
    Case(
        name="JSON that is none is a 400 that says where",
        method="POST",
        path="/posts",
        sent=(("Content-Type", JSON),),
        body=b'{"title": }',
        status=400,
        wanted=problem(
            400, "Bad Request", detail="the request body is not valid JSON: Expecting value at line 1, column 11"
        ),
    ),
    Case(
        name="JSON that is not UTF-8 is a 400",
        method="POST",
        path="/posts",
        sent=(("Content-Type", JSON),),
        body=b'{"title": "\xff"}',
        status=400,
        wanted=problem(400, "Bad Request"),
    ),
    Case(
        name="a body of the wrong shape is a 400",
        method="POST",
        path="/posts",
        sent=(("Content-Type", JSON),),
        body=b'{"likes": "many"}',
        status=400,
        wanted={"regex": '"field":"title".*"field":"likes"|"field":"likes".*"field":"title"'},
    ),
    Case(
        name="a body of another type is a 415",
        method="POST",
        path="/posts",
        sent=(("Content-Type", "text/csv"),),
        body=b"title",
        status=415,
        wanted=problem(415, "Unsupported Media Type"),
    ),
    Case(
        name="a form that is JSON is a 415",
        method="POST",
        path="/login",
        sent=(("Content-Type", JSON),),
        body=b"{}",
        status=415,
        wanted=problem(415, "Unsupported Media Type"),
    ),
    Case(
        name="an escape that is none is a 400",
        path="/files/%zz",
        status=400,
        wanted=problem(400, "Bad Request"),
        skip=DECODES,
    ),
    Case(
        name="an escape that is not UTF-8 is a 400",
        path="/files/%FF",
        status=400,
        wanted=problem(400, "Bad Request"),
        skip=DECODES,
    ),
]

CONSTRAINED = "/constrained/5"


def wrong(name: str, message: str, **request: Any) -> Case:
    """A request that breaks one constraint of `constrained`."""
    wanted = problem(400, "Bad Request", errors=[{"field": request.pop("field"), "message": message}])
    return Case(name=f"a constraint holds: {name}", path=CONSTRAINED, status=400, wanted=wanted, **request)


def sends(value: str) -> dict[str, Any]:
    return {"method": "POST", "sent": (("Content-Type", JSON),), "body": value.encode()}


CONSTRAINTS = [
    Case(
        name="segments, a query model, headers and cookies within their constraints",
        path=CONSTRAINED,
        query="limit=100&tag=a&tag=b&order=desc",
        sent=(("X-Level", "2"), ("Cookie", "session=ab")),
        wanted={
            "json": {
                "id": [5, 5],
                "filters": {"limit": 100, "tags": ["a", "b"], "order": "desc"},
                "level": 2,
                "session": "ab",
            }
        },
    ),
    Case(name="a segment that breaks a constraint is a 404", path="/constrained/6", status=404),
    wrong("query model", "must be >= 1", query="limit=0", field="limit"),
    wrong("alias", "must have at most 2 items", query="tag=a&tag=b&tag=c", field="tag"),
    wrong("pattern", "must match the pattern ^(asc|desc)$", query="order=up", field="order"),
    wrong("header", "must be < 3", sent=(("X-Level", "3"),), field="x-level"),
    Case(
        name="a list of models is the body",
        path=CONSTRAINED,
        **sends('[{"name":"a","points":[[1,2],{"x":3}]}]'),
        wanted='[{"name":"a","points":[[1,2],[3,0]]}]',
    ),
    wrong("items", "must be an integer", **sends('[{"name":"a","points":[[1,2],["x"]]}]'), field="0.points.1.x"),
    wrong("list", "must have at least 2 items", **sends('[{"name":"a","points":[]}]'), field="0.points"),
    wrong("string", "must have at least 1 character", **sends('[{"name":"","points":[[1],[2]]}]'), field="0.name"),
    Case(name="a scalar is the body", path=CONSTRAINED, **{**sends("3"), "method": "PUT"}, wanted='{"count":3}'),
    wrong("scalar body", "must be > 0", **{**sends("0"), "method": "PUT"}, field="body"),
    Case(name="a dict is the body", path=CONSTRAINED, **{**sends('{"a":1}'), "method": "PATCH"}, wanted='{"a":1}'),
    wrong("dict", "must be an integer", **{**sends('{"a":"x"}'), "method": "PATCH"}, field="a"),
]
VALIDATION = [
    Case(
        name="a body becomes a dataclass and a dataclass a body",
        method="POST",
        path="/posts",
        sent=(("Content-Type", JSON),),
        body=b'{"title": "x"}',
        status=201,
        headers={"location": "/posts/1", "content-type": JSON},
        wanted='{"title":"x","likes":0}',
    ),
    Case(
        name="a form becomes the same dataclass",
        method="POST",
        path="/posts",
        sent=(FORM,),
        body=b"title=a+b%21&likes=3",
        status=201,
        wanted='{"title":"a b!","likes":3}',
    ),
    Case(
        name="query parameters convert, repeat and default",
        path="/search",
        query="q=a%26b&page=2&tag=x&tag=y+z",
        wanted={"json": {"q": "a&b", "page": 2, "tag": ["x", "y z"], "order": "asc"}},
    ),
    Case(
        name="a file is read whole",
        method="POST",
        path="/upload",
        sent=(BOUNDARY,),
        body=part("file", "grüße".encode()),
        wanted={"json": {"name": "a.txt", "size": 7, "text": "grüße"}},
    ),
    Case(
        name="a file that is too large is a 413",
        method="POST",
        path="/upload",
        sent=(BOUNDARY,),
        body=part("file", b"x" * 21),
        status=413,
        wanted=problem(413, "Content Too Large"),
    ),
    Case(
        name="a file of another type is a 415",
        method="POST",
        path="/upload",
        sent=(BOUNDARY,),
        body=part("file", b"x", "image/png"),
        status=415,
        wanted=problem(415, "Unsupported Media Type"),
    ),
]

COOKIES = [
    Case(
        name="cookies are decoded, the last of a name counts",
        path="/cookies",
        sent=(("Cookie", 'a=1; b=hello%20world; a=2; c="q"; d'),),
        wanted={"json": {"a": "2", "b": "hello world", "c": '"q"', "d": "true"}},
    ),
    Case(name="no cookies are none", path="/cookies", wanted={"json": {}}),
    Case(
        name="two Cookie headers are one jar",
        path="/cookies",
        sent=(("Cookie", "a=1"), ("Cookie", "b=2; c=3")),
        wanted={"json": {"a": "1", "b": "2", "c": "3"}},
    ),
    Case(
        name="every cookie is a line of its own",
        method="POST",
        path="/cookies",
        headers={
            "set-cookie": [
                "c=3; Path=/; Domain=example.org",
                "a=1; Path=/",
                "b=hello%20world; Path=/b; Max-Age=60; Secure; HttpOnly; SameSite=lax",
            ]
        },
        wanted="ok",
    ),
    Case(
        name="a cookie is deleted on its path and domain",
        method="DELETE",
        path="/cookies",
        status=204,
        headers={"set-cookie": ["a=; Path=/x; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Domain=example.org"]},
        wanted="",
    ),
    Case(name="an error sets no cookie", method="PUT", path="/cookies", status=409, headers={"set-cookie": None}),
    Case(
        name="a redirect after a form POST takes the cookies along",
        method="POST",
        path="/login",
        sent=(FORM,),
        body=b"name=ada&remember=on",
        status=303,
        headers={"location": "/hello", "set-cookie": ["session=ada; Path=/; Max-Age=60; HttpOnly"]},
        wanted="",
    ),
]

BODIES = [
    Case(name="every byte goes out", path="/bytes", headers={"content-type": BYTES}, wanted=ALL_BYTES),
    Case(
        name="every byte comes in and goes out",
        method="POST",
        path="/bytes",
        sent=(("Content-Type", "image/png"),),
        body=ALL_BYTES,
        headers={"content-type": "image/png"},
        wanted=ALL_BYTES,
    ),
    Case(
        name="text that is not UTF-8 keeps its bytes",
        method="POST",
        path="/bytes",
        sent=(("Content-Type", "text/plain; charset=latin-1"),),
        body=b"caf\xe9",
        headers={"content-type": "text/plain; charset=latin-1"},
        wanted=b"caf\xe9",
    ),
    Case(
        name="an empty body is empty",
        method="POST",
        path="/bytes",
        sent=(("Content-Type", "text/plain"),),
        wanted=b"",
    ),
    Case(
        name="what is compressed stays so",
        path="/zipped",
        headers={"content-encoding": "gzip", "content-type": JSON},
        wanted=gzip.compress(b'{"zipped":true}', mtime=0),
    ),
    Case(
        name="JSON keeps every character",
        path="/unicode",
        headers={"content-type": JSON},
        wanted='{"text":"✓ 😀","é":"ü"}',
    ),
    Case(
        name="HTML keeps every character",
        path="/html",
        headers={"content-type": "text/html; charset=utf-8"},
        wanted="<p>✓ 😀</p>",
    ),
    Case(name="a mebibyte goes out", path="/large", query="size=1048576", wanted=b"0123456789abcdef" * 65536),
    Case(
        name="a mebibyte comes in and goes out",
        method="POST",
        path="/bytes",
        sent=(("Content-Type", BYTES),),
        body=ALL_BYTES * 4096,
        wanted=ALL_BYTES * 4096,
    ),
]

HEADERS = [
    Case(
        name="repeated fields of the request arrive, and commas do not part what is one",
        path="/headers",
        sent=(("X-A", "1"), ("X-A", "2, 3"), ("X-Empty", ""), ("x-lower", "4")),
        wanted={"jsonPartial": {"x-a": ["1", "2", "3"], "x-empty": [""], "x-lower": ["4"]}},
    ),
    Case(
        name="repeated fields of the response arrive, and the connection's own are ours",
        method="POST",
        path="/headers",
        headers={
            "link": "<a>; rel=x, <b>; rel=y",
            "x-one": "1",
            "x-latin": "café",
            "transfer-encoding": None,
        },
        wanted="ok",
    ),
]

PATHS = [
    Case(name="a space is decoded", path="/files/a%20b/c", wanted={"json": ["a b", "c"]}),
    Case(name="UTF-8 is decoded", path="/files/%E2%9C%93/%F0%9F%98%80", wanted={"json": ["✓", "😀"]}),
    Case(name="a plus stays", path="/files/a+b", wanted={"json": ["a+b"]}),
    Case(name="a percent sign is decoded once", path="/files/100%25/%2541", wanted={"json": ["100%", "%41"]}),
    Case(
        name="a slash that is encoded stays inside", path="/files/a%2Fb/c", wanted={"json": ["a/b", "c"]}, skip=DECODES
    ),
    Case(
        name="a question mark that is encoded stays inside", path="/files/a%3Fb", wanted={"json": ["a?b"]}, skip=DECODES
    ),
    Case(name="a NUL is a character", path="/files/a%00b", wanted={"json": ["a\0b"]}),
    Case(
        name="sub-delimiters are characters",
        path="/files/a;b=c,d@e:f(g)!$&'*~",
        wanted={"json": ["a;b=c,d@e:f(g)!$&'*~"]},
    ),
    Case(name="dots are names like others", path="/files/.hidden/a.b", wanted={"json": [".hidden", "a.b"]}),
    Case(name="an optional catch-all may be empty", path="/optional", wanted={"json": {}}),
    Case(name="an optional catch-all may be long", path="/optional/a/b/c", wanted={"json": {"path": ["a", "b", "c"]}}),
    Case(name="a catch-all may not be empty", path="/files", status=404),
    Case(name="a static segment is matched as it stands", path="/%68ello", status=404, skip=DECODES),
    Case(name="a path has its case", path="/Hello", status=404),
]

QUERIES = [
    Case(
        name="a query is decoded, and empty values are values",
        path="/query",
        query="a=1&a=2&b=x+y%20z&c=&d&%C3%A9=%E2%9C%93&e=%26%3D%25",
        wanted={"json": {"a": ["1", "2"], "b": ["x y z"], "c": [""], "d": [""], "é": ["✓"], "e": ["&=%"]}},
    ),
    Case(
        name="an escape that is none stays in a query",
        path="/query",
        query="a=%zz",
        wanted={"json": {"a": ["%zz"]}},
        skip={"dev": "API Gateway refuses it, and so does dev"},
    ),
    Case(name="a semicolon parts nothing", path="/query", query="a=1;b=2", wanted={"json": {"a": ["1;b=2"]}}),
    Case(
        name="a query may hold a URL",
        path="/query",
        query="u=https://a.b/c?d=e",
        wanted={"json": {"u": ["https://a.b/c?d=e"]}},
    ),
]

OTHERS = [
    Case(
        name="a mapping is JSON",
        path="/others/mapping",
        sent=(("X-Own", "1"),),
        headers={"content-type": JSON},
        wanted={"jsonPartial": {"x-own": "1"}},
    ),
    Case(
        name="a UUID and a date are keys",
        path="/others/keys",
        wanted='{"00000000-0000-0000-0000-000000000001":{"2026-01-02":1}}',
    ),
    Case(
        name="an event with foreign keys is data",
        path="/others/events",
        wanted='data: {"event":"on_end","run":1}\n\nevent: tick\ndata: 1\n\n',
    ),
    Case(
        name="an HTTPException of Starlette has its status, detail and headers",
        path="/others/exception",
        status=429,
        headers={"retry-after": "3"},
        wanted=problem(429, "Too Many Requests", detail="slow down"),
    ),
    Case(name="a FileResponse is a file", path="/others/file", headers={"accept-ranges": "bytes"}, wanted="0123456789"),
    Case(
        name="a FileResponse has ranges",
        path="/others/file",
        sent=(("Range", "bytes=2-4"),),
        status=206,
        headers={"content-range": "bytes 2-4/10"},
        wanted="234",
    ),
    Case(
        name="HEAD of a FileResponse has its length",
        method="HEAD",
        path="/others/file",
        headers={"content-length": "10"},
        wanted="",
    ),
    Case(
        name="a response with a call of its own is called with the request",
        path="/others/own",
        status=203,
        headers={"x-method": "GET", "x-path": "/others/own"},
        wanted="own",
    ),
    Case(
        name="a return annotation filters and sets the status",
        method="PUT",
        path="/others/x",
        status=201,
        headers={"content-type": JSON},
        wanted='[{"id":1}]',
    ),
    Case(
        name="a generator of models is NDJSON",
        method="POST",
        path="/others/x",
        headers={"content-type": "application/x-ndjson"},
        wanted='{"id":1}\n',
    ),
    Case(
        name="a value that does not fit its annotation is a 500",
        method="DELETE",
        path="/others/x",
        status=500,
        wanted=problem(500, "Internal Server Error"),
    ),
]

REDIRECTS = [
    Case(
        name="redirect is a 307",
        path="/redirects/redirect",
        status=307,
        headers={"location": "/hello", "content-type": None},
        wanted="",
    ),
    Case(
        name="permanent_redirect is a 308",
        path="/redirects/permanent",
        status=308,
        headers={"location": "https://example.org/x?y=1"},
        wanted="",
    ),
    Case(name="see_other is a 303", path="/redirects/see-other", status=303, headers={"location": "../up"}, wanted=""),
    Case(
        name="a target is percent-encoded",
        path="/redirects/unicode",
        status=307,
        headers={"location": "/caf%C3%A9%20noir"},
    ),
    Case(
        name="redirect after a form POST is a 303",
        method="POST",
        path="/redirects/redirect",
        sent=(FORM,),
        body=b"a=1",
        status=303,
        headers={"location": "/hello"},
    ),
    Case(
        name="the request's own host is in its origin",
        method="PUT",
        path="/redirects/x",
        sent=(("Host", "shop.localhost"),),
        status=307,
        headers={"location": "http://shop.localhost/x"},
    ),
    Case(
        name="a trailing slash is sent away with its query",
        path="/hello/",
        query="a=1&b=%20",
        status=308,
        headers={"location": {"regex": r"^/hello\?a=1&b=(%20|\+)$"}, "cache-control": DYNAMIC},
        wanted="",
    ),
    Case(
        name="a trailing slash is sent away for any method",
        method="POST",
        path="/posts/",
        status=308,
        headers={"location": "/posts"},
    ),
    Case(
        name="repeated slashes are sent away, on this host",
        path="//example.org//x",
        status=308,
        headers={"location": "/example.org/x"},
    ),
    Case(
        name="an encoded segment is sent on as it is",
        path="/files/a%20b/",
        status=308,
        headers={"location": "/files/a%20b"},
    ),
    Case(
        name="with trailing_slash the slash is added",
        path="/hello",
        settings=SLASHED,
        status=308,
        headers={"location": "/hello/"},
    ),
    Case(
        name="with trailing_slash the slash is canonical", path="/hello/", settings=SLASHED, wanted='{"hello":"world"}'
    ),
    Case(name="with trailing_slash a name with a dot has none", path="/rss.xml", settings=SLASHED, wanted="<rss/>"),
]

BASE_PATH = [
    Case(name="a route is served below the base path", path="/api/hello", settings=BELOW, wanted='{"hello":"world"}'),
    Case(name="the base path is the root", path="/api", settings=BELOW, wanted="root"),
    Case(name="nothing is served outside the base path", path="/hello", settings=BELOW, status=404),
    Case(name="what only begins like the base path is outside", path="/apihello", settings=BELOW, status=404),
    Case(
        name="a canonical redirect stays below the base path",
        path="/api/hello/",
        settings=BELOW,
        status=308,
        headers={"location": "/api/hello"},
    ),
    Case(
        name="a redirect of the author's is as it was written",
        path="/api/redirects/redirect",
        settings=BELOW,
        status=307,
        headers={"location": "/hello"},
    ),
    Case(
        name="a problem names the whole path",
        path="/api/nope",
        settings=BELOW,
        status=404,
        wanted=problem(404, "Not Found", instance="/api/nope"),
    ),
]

HOSTS = [
    Case(
        name="a host has its port",
        path="/who",
        sent=(("Host", "localhost:3000"),),
        wanted={"json": {"origin": "http://localhost:3000", "hostname": "localhost", "port": 3000}},
    ),
    Case(
        name="a host without a port has its scheme's",
        path="/who",
        sent=(("Host", "my.localhost"),),
        wanted={"json": {"origin": "http://my.localhost", "hostname": "my.localhost", "port": 80}},
    ),
    Case(
        name="an IPv6 host has a port",
        path="/who",
        sent=(("Host", "[::1]:3000"),),
        wanted={"json": {"origin": "http://[::1]:3000", "hostname": "::1", "port": 3000}},
    ),
    Case(
        name="an IPv6 host may have no port",
        path="/who",
        sent=(("Host", "[::1]"),),
        wanted={"json": {"origin": "http://[::1]", "hostname": "::1", "port": 80}},
    ),
    Case(
        name="odd forwarded fields break nothing, and name no other host",
        path="/who",
        sent=(
            ("Host", "my.localhost"),
            ("X-Forwarded-Port", "443,443"),
            ("X-Forwarded-For", "unknown, [2001:db8::1]:99, "),
            ("X-Forwarded-Host", "evil.example"),
            ("Forwarded", "for=;host=evil.example"),
        ),
        wanted={"jsonPartial": {"hostname": "my.localhost"}},
    ),
]

STREAMS = [
    Case(
        name="a stream of text is text",
        path="/streams/text",
        headers={"content-type": TEXT, "etag": None},
        wanted="abc",
    ),
    Case(
        name="a stream of bytes is bytes",
        path="/streams/bytes",
        headers={"content-type": BYTES},
        wanted=b"\x00\xff\x01",
    ),
    Case(name="a stream of nothing is empty", path="/streams/empty", wanted=""),
    Case(name="a handler may be a generator", path="/generator", headers={"content-type": TEXT}, wanted="one two"),
    Case(
        name="NDJSON is a line for each item",
        path="/streams/ndjson",
        headers={"content-type": "application/x-ndjson"},
        wanted='{"n":1}\n{"n":"✓"}\n',
    ),
    Case(
        name="a JSON array is one document",
        path="/streams/array",
        headers={"content-type": JSON},
        wanted='[{"n":1},{"n":"✓"}]',
    ),
    Case(name="a JSON array may be empty", path="/streams/none", headers={"content-type": JSON}, wanted="[]"),
    Case(
        name="server-sent events are as the standard has them",
        path="/streams/sse",
        headers={"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store, no-transform"},
        wanted='data: a\n\nevent: tick\nid: 1\ndata: {"n":1}\n\n',
    ),
    Case(
        name="a stream of text is compressed for those who take it",
        path="/streams/ndjson",
        sent=(("Accept-Encoding", "br;q=1, gzip;q=0.8"),),
        headers={"content-type": "application/x-ndjson", "content-encoding": "gzip", "vary": "Accept-Encoding"},
    ),
    Case(
        name="and goes out as it is for others",
        path="/streams/ndjson",
        sent=(("Accept-Encoding", "gzip;q=0, *"),),
        headers={"content-encoding": None, "vary": "Accept-Encoding"},
        wanted='{"n":1}\n{"n":"✓"}\n',
    ),
]

FILES = [
    Case(
        name="a file has its type, a strong tag and ranges",
        path="/served/digits.txt",
        headers={
            "content-type": TEXT,
            "accept-ranges": "bytes",
            "etag": strong_etag(b"0123456789"),
            "last-modified": {"regex": " GMT$"},
            "content-disposition": None,
        },
        wanted="0123456789",
    ),
    Case(
        name="a part of a file is a 206",
        path="/served/digits.txt",
        sent=(("Range", "bytes=-4"),),
        status=206,
        headers={"content-range": "bytes 6-9/10"},
        wanted="6789",
    ),
    Case(
        name="a part that is not there is a 416",
        path="/served/digits.txt",
        sent=(("Range", "bytes=10-"),),
        status=416,
        headers={"content-range": "bytes */10", "content-type": PROBLEM},
    ),
    Case(
        name="a part of another version is the whole",
        path="/served/digits.txt",
        sent=(("Range", "bytes=0-1"), ("If-Range", '"old"')),
        wanted="0123456789",
    ),
    Case(
        name="a client that has the file gets a 304",
        path="/served/digits.txt",
        sent=(("If-None-Match", f"W/{strong_etag(b'0123456789')}"), ("Range", "bytes=0-1")),
        status=304,
        headers={"etag": strong_etag(b"0123456789"), "content-range": None},
        wanted="",
    ),
    Case(
        name="HEAD says the length that it declares",
        method="HEAD",
        path="/length",
        headers={"content-length": "1234"},
        wanted="",
    ),
    Case(
        name="HEAD of a file has its head and heeds no range",
        method="HEAD",
        path="/served/digits.txt",
        sent=(("Range", "bytes=0-1"),),
        headers={"content-type": TEXT, "accept-ranges": "bytes", "content-range": None},
        wanted="",
    ),
    Case(
        name="a download has any name",
        path="/served/digits.txt",
        query="download=%C3%A4.txt",
        headers={"content-disposition": "attachment; filename=\"_.txt\"; filename*=UTF-8''%C3%A4.txt"},
        wanted="0123456789",
    ),
]

CACHING = [
    Case(
        name="a cached response says how long, by which tags, and what it is",
        path="/cached",
        headers={
            "cache-control": "public, s-maxage=60, stale-while-revalidate=31535940, stale-if-error=31535940",
            "x-cache-tag": "a,b,_path:/cached",
            "etag": {"regex": '^"[0-9a-f]+"$'},
        },
        wanted="cached",
    ),
    Case(
        name="a client that has the cached response gets a 304",
        path="/cached",
        sent=(("If-None-Match", "*"),),
        status=304,
        headers={
            "etag": {"regex": '^"[0-9a-f]+"$'},
            "cache-control": {"contains": "s-maxage=60"},
            "content-type": None,
        },
        wanted="",
    ),
    Case(name="who has another is not", path="/cached", sent=(("If-None-Match", '"other"'),), wanted="cached"),
    Case(
        name="HEAD of a cached response has its validator",
        method="HEAD",
        path="/cached",
        headers={"etag": {"contains": '"'}},
        wanted="",
    ),
]

APP = "https://app.example.com"
PREVIEW = "https://pr-1.preview.example.com"
ELSEWHERE = "https://elsewhere.example"
ORIGIN, VARY = "access-control-allow-origin", "vary"
READABLE = {
    ORIGIN: APP,
    "access-control-allow-credentials": "true",
    "access-control-expose-headers": "x-total",
    VARY: "Origin",
}
UNREADABLE = {ORIGIN: None, "access-control-allow-credentials": None, VARY: "Origin"}
ASKING = "Access-Control-Request-Method"
CROSS_ORIGIN = [
    Case(
        name="a preflight gets the allowed part of what it requests",
        method="OPTIONS",
        path="/shared",
        sent=(("Origin", PREVIEW), (ASKING, "PUT"), ("Access-Control-Request-Headers", "x-other,x-trace")),
        status=204,
        headers={
            ORIGIN: PREVIEW,
            "access-control-allow-credentials": "true",
            "access-control-allow-methods": "PUT",
            "access-control-allow-headers": "x-trace",
            "access-control-max-age": "600",
            VARY: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
            "cache-control": DYNAMIC,
            "allow": None,
        },
        wanted="",
    ),
    Case(
        name="a preflight of another origin gets no CORS headers",
        method="OPTIONS",
        path="/shared",
        sent=(("Origin", ELSEWHERE), (ASKING, "PUT")),
        status=204,
        headers={ORIGIN: None, "access-control-allow-methods": None, VARY: {"contains": "Origin"}},
        wanted="",
    ),
    Case(
        name="a preflight of a path that is not there is a 404",
        method="OPTIONS",
        path="/shared/none",
        sent=(("Origin", APP), (ASKING, "PUT")),
        status=404,
    ),
    Case(name="a page may read it", path="/shared", sent=(("Origin", APP),), headers=READABLE, wanted='{"page":1}'),
    Case(name="a page of another origin may not", path="/shared", sent=(("Origin", ELSEWHERE),), headers=UNREADABLE),
    Case(name="nobody asks from anywhere, and a cache must know", path="/shared", headers=UNREADABLE),
    Case(
        name="a page may read a 400",
        path="/shared",
        query="page=x",
        sent=(("Origin", APP),),
        status=400,
        headers=READABLE,
    ),
    Case(
        name="a page may read a 405",
        method="POST",
        path="/shared",
        sent=(("Origin", APP),),
        status=405,
        headers=READABLE,
    ),
    Case(
        name="a page may read a 500",
        method="DELETE",
        path="/shared",
        sent=(("Origin", APP),),
        status=500,
        headers=READABLE,
    ),
    Case(
        name="a page may follow to the canonical path",
        path="/shared/",
        sent=(("Origin", APP),),
        status=308,
        headers={**READABLE, "location": "/shared"},
    ),
    Case(
        name="a page may read a stream",
        method="PUT",
        path="/shared",
        sent=(("Origin", APP),),
        headers={**READABLE, "vary": "Accept-Encoding, Origin"},
        wanted="one two",
    ),
]

OUTWARDS = ["inner", "group", "nested"]
LAYERS = [
    Case(
        name="middleware runs outermost first and ends innermost first",
        path="/nested/inner",
        headers={"x-seen": ", ".join(OUTWARDS)},
        wanted='["nested","group","inner"]',
    ),
    Case(
        name="middleware wraps a stream",
        method="PUT",
        path="/nested/inner",
        headers={"x-seen": ", ".join(OUTWARDS)},
        wanted="nestedgroupinner",
    ),
    Case(
        name="middleware sees an error as a response",
        path="/nested/inner",
        query="missing=1",
        status=404,
        headers={"x-seen": ", ".join(OUTWARDS)},
    ),
    Case(
        name="middleware is passed by an exception",
        method="POST",
        path="/nested/inner",
        status=500,
        headers={"x-seen": None},
    ),
    *(
        Case(
            name=f"middleware may respond itself: {name}",
            path="/nested/inner",
            query=f"stop={name}",
            headers={"x-seen": ", ".join(OUTWARDS[OUTWARDS.index(name) + 1 :]) or None},
            wanted=f'{{"stopped":"{name}"}}',
        )
        for name in OUTWARDS
    ),
]

HOWS = ("run", "runner", "anyio", "new-loop", "current-loop")
SYNC = [
    *(
        Case(
            name=f"a sync handler and its dependencies run their own event loop: {how}",
            path=f"/runs/{how}",
            sent=(("Cookie", "who=ada"),),
            wanted={"json": ["done", "done", "done", "done", "ada"]},
        )
        for how in HOWS
    ),
    *(
        Case(
            name=f"a sync dependency of an async handler runs its own event loop: {how}",
            method="PUT",
            path=f"/runs/{how}",
            wanted={"json": ["done", "done"]},
        )
        for how in HOWS
    ),
    Case(
        name="whatever is sync among dependencies runs its own event loop",
        path="/runs-anywhere",
        wanted={"json": [13, ["done"]]},
    ),
    Case(
        name="a cached sync function runs its own event loop",
        method="POST",
        path="/runs-anywhere",
        wanted={"json": ["done", "done"]},
    ),
    Case(
        name="a sync iterable of an async handler runs an event loop for each chunk",
        method="PUT",
        path="/runs-anywhere",
        wanted="donedone",
    ),
    Case(
        name="a sync decorator runs an async handler in its own event loop",
        method="DELETE",
        path="/runs-anywhere",
        query="size=3",
        wanted={"json": ["done", "done", "done"]},
    ),
    Case(
        name="a sync map of an async handler runs an event loop for each line",
        method="PATCH",
        path="/runs-anywhere",
        wanted='"done"\n"done"\n',
    ),
    Case(name="a sync endpoint of an app runs its own event loop", path="/interrupting/run", wanted="done"),
    Case(name="a sync generator runs an event loop for each chunk", path="/runs-stream", wanted="ab"),
    Case(
        name="a sync iterator of an async handler runs an event loop for each event",
        method="POST",
        path="/runs-stream",
        wanted="data: a\n\ndata: b\n\n",
    ),
]

WAITING = (
    "gather", "gathered-errors", "timeout", "wait-for", "shield", "late", "late-in-anyio", "fail-after", "thread",
    "anyio-thread", "exit-stack", "as-completed", "except-star",
)  # fmt: skip
GROUPS = [
    *(
        Case(
            name=f"not_found() in a task group is a 404: {kind}, {method}",
            method=method,
            path=f"/groups/{kind}",
            status=404,
            wanted=problem(404, "Not Found"),
        )
        for kind in ("asyncio", "anyio", "nested")
        for method in ("GET", "POST")
    ),
    *(
        Case(
            name=f"not_found() in what waits is a 404: {kind}, {method}",
            method=method,
            path=f"/groups/{kind}",
            status=404,
            wanted=problem(404, "Not Found"),
        )
        for kind in WAITING
        for method in ("GET", "POST", "PUT")
    ),
    Case(
        name="an HTTPError in exception groups is the response",
        path="/groups/in-exception-groups",
        status=418,
        wanted=problem(418, "I'm a Teapot", detail="short and stout"),
    ),
    Case(name="a task group that is cancelled is a 500", path="/groups/cancelled", status=500),
    Case(
        name="not_found() in an app is a 404",
        path="/interrupting/missing",
        status=404,
        wanted=problem(404, "Not Found", detail="nobody"),
    ),
    Case(
        name="an HTTPError in an app is the response",
        path="/interrupting/refused",
        status=409,
        headers={"x-by": "app", "cache-control": DYNAMIC},
        wanted=problem(409, "Conflict", detail="taken"),
    ),
    Case(name="a redirect in an app is one", path="/interrupting/moved", status=307, headers={"location": "/hello"}),
    Case(name="another error in an app is a 500", path="/interrupting/broken", status=500),
    Case(name="a redirect in a task group is one", path="/groups/redirect", status=307, headers={"location": "/hello"}),
    Case(
        name="an HTTPError in the body of a task group is the response",
        path="/groups/body",
        status=418,
        wanted=problem(418, "I'm a Teapot", detail="short and stout"),
    ),
    Case(
        name="the first of several interrupts in a task group is the response",
        path="/groups/first",
        status=404,
        wanted=problem(404, "Not Found", detail="one"),
    ),
    Case(name="another error in a task group makes it a 500", path="/groups/mixed", status=500),
]

TOKEN = ("X-Token", "secret")
DEPENDENCIES = [
    Case(
        name="dependencies fill arguments from headers, cookies, segments and each other",
        path="/depends/7",
        query="page=2",
        sent=(TOKEN, ("Cookie", "who=ada")),
        wanted={"json": {"id": 7, "token": "secret", "who": "ada", "connection": "open", "page": 2}},
    ),
    Case(
        name="an error of a dependency is the response",
        path="/depends/7",
        status=401,
        wanted=problem(401, "Unauthorized", detail="send a token"),
    ),
    Case(
        name="a dependency's error goes before arguments that are not valid",
        path="/depends/7",
        query="page=two",
        status=401,
    ),
    Case(
        name="arguments that are not valid are a 400 once the dependencies have been called",
        path="/depends/7",
        query="page=two",
        sent=(TOKEN,),
        status=400,
        wanted=problem(400, "Bad Request", errors=[{"field": "page", "message": "must be an integer"}]),
    ),
    Case(name="a dependency's segment that does not convert is a 404", path="/depends/x", sent=(TOKEN,), status=404),
    Case(
        name="a dependency makes another error of the handler's",
        method="POST",
        path="/depends/7",
        query="kind=taken",
        sent=(TOKEN,),
        status=409,
        wanted=problem(409, "Conflict", detail="taken"),
    ),
    Case(
        name="a redirect of the handler goes through its dependencies",
        method="POST",
        path="/depends/7",
        query="kind=redirect",
        sent=(TOKEN,),
        status=307,
        headers={"location": "/hello"},
    ),
]

CASES = [
    *METHODS,
    *ERRORS,
    *VALIDATION,
    *CONSTRAINTS,
    *COOKIES,
    *BODIES,
    *HEADERS,
    *OTHERS,
    *PATHS,
    *QUERIES,
    *REDIRECTS,
    *BASE_PATH,
    *HOSTS,
    *STREAMS,
    *FILES,
    *CACHING,
    *CROSS_ORIGIN,
    *LAYERS,
    *SYNC,
    *GROUPS,
    *DEPENDENCIES,
]
