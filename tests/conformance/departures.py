"""Where edgeroutes responds differently from Next.js, case by case, and which cases it does not run; each with its reason.

`docs/nextjs-differences.md` is made of this table: `python -m tests.conformance.departures` writes it, and a test says when it is old.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAGE = Path(__file__).parents[2] / "docs" / "nextjs-differences.md"

BUFFERED = ("rest", "http-api", "function-url")  # what of Lambda gives the response whole
LAMBDA = (*BUFFERED, "streaming")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One way in which we differ on purpose.

    Args:
        next_does: What Next.js 16 does.
        we_do: What edgeroutes does.
        why: Why that is better here.
    """

    next_does: str
    we_do: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """What we respond instead: what is given here replaces that part of the case's `expect`.

    Args:
        reasons: Each that has a part in it.
        status: In place of the case's.
        headers: Over the case's, name by name; None means absent.
        body: In place of the case's.
        adapters: Which ones it is for; empty for all.
    """

    reasons: tuple[Reason, ...]
    status: int | None = None
    headers: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    adapters: tuple[str, ...] = ()

    def expect(self, of_next: Mapping[str, Any]) -> dict[str, Any]:
        """The case's `expect` as we keep it."""
        return {
            "status": of_next["status"] if self.status is None else self.status,
            "headers": {**of_next["headers"], **self.headers},
            "body": of_next["body"] if self.body is None else self.body,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A project that Next.js takes and edgeroutes refuses before anything runs, or the other way round.

    Args:
        reasons: Each that has a part in it.
        files: The project: path → text.
        message: The error; empty if the layout is accepted.
    """

    reasons: tuple[Reason, ...]
    files: Mapping[str, str]
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """A case that is not run.

    Args:
        kind: A key of SKIP_KINDS.
        why: Of this case.
        adapters: Which ones it is for; empty for all.
    """

    kind: str
    why: str
    adapters: tuple[str, ...] = ()


SKIP_KINDS = {
    "next-only": "Next.js or React alone: an API, a file convention or a caching model that edgeroutes does not have",
    "platform": "the platform in front of the function does not support it",
}

CONTENT_TYPE = Reason(
    next_does="Text is `text/plain;charset=UTF-8`; bytes and streams have no content type.",
    we_do="Text and text streams are `text/plain; charset=utf-8`; bytes and byte streams `application/octet-stream`.",
    why="API Gateway's REST API makes a response without a type `application/json`.",
)
ALLOW = Reason(
    next_does="405 has no `Allow`.",
    we_do="405 has `Allow`, like the automatic OPTIONS.",
    why="RFC 9110 §15.5.6 requires it.",
)
PROBLEM = Reason(
    next_does="Errors have an empty body; an unmatched path has an HTML page.",
    we_do="Errors of the runtime are `application/problem+json` (RFC 9457), with the request id.",
    why="The client is a program, and the id is in the log line.",
)
NO_STORE = Reason(
    next_does="A dynamic response has no `Cache-Control`; a 404 page has `private, no-cache, no-store, max-age=0, must-revalidate`.",
    we_do="Both have `Cache-Control: private, no-store`.",
    why="There is a CDN in front, and it may store a response without `Cache-Control`.",
)
PUBLIC = Reason(
    next_does="A cached response has `s-maxage=60, stale-while-revalidate=31535940`.",
    we_do="It starts with `public`, and ends with `stale-if-error` with the same number.",
    why="CloudFront then serves the stale response when the function fails; Next.js' own server always does.",
)
UNKEYED = Reason(
    next_does="A handler's `Cache-Control: s-maxage=…` is sent beside any `Vary`.",
    we_do="When `Vary` names a header that is not in CloudFront's cache key, the response is `private, no-store`, which the log says once.",
    why="CloudFront ignores `Vary`: the next visitor would get the response for this one.",
)
CACHE_STATE = Reason(
    next_does="`x-nextjs-cache` is HIT, MISS or STALE.",
    we_do="The function sends no such header. The cache is CloudFront (in `dev` its emulation), which sends `X-Cache` and `Age`.",
    why="The function does not see the cache in front of it.",
)
VALUES = Reason(
    next_does="A handler that returns anything but a Response is a 500.",
    we_do="dict, list, str, bytes, dataclasses, models and generators become a Response; None and anything else are a 500.",
    why="FastAPI and Chalice users write handlers so; None is a forgotten `return`.",
)
ALWAYS_RESPONDS = Reason(
    next_does="A stream that fails before its first chunk closes the connection without a response.",
    we_do="It is a 500.",
    why="Nothing has been sent yet, so the client can get an error.",
)
WHOLE = Reason(
    next_does="A stream that fails after its first chunk closes the connection.",
    we_do="The same where chunks are sent as they are produced; a buffered response is a 500.",
    why="Nothing has been sent yet, so the client can get an error.",
)
HOST = Reason(
    next_does="Under `force-static`, `request.url` is `http://localhost:3000…` without its query.",
    we_do="`request.url` is the requested URL; headers, cookies and the client are empty.",
    why="The host is the site's own, and the query is part of the cache key.",
)
URL_CACHED = Reason(
    next_does="Reading `request.url` or the query makes a cached route dynamic.",
    we_do="It has no effect.",
    why="The query is part of the cache key, so the response may depend on it.",
)
OTHER_METHODS = Reason(
    next_does="A POST, PUT, PATCH, DELETE or OPTIONS beside GET disables caching of GET; a prerendered path responds 405 to OPTIONS.",
    we_do="GET stays cached, and the other methods work.",
    why="Only GET and HEAD are cached; a preflight must work on a cached route.",
)
DYNAMIC_CACHED = Reason(
    next_does="`[id]` with `revalidate` is not cached without `generateStaticParams`.",
    we_do="It is cached.",
    why="The CDN caches any URL; nothing has to be listed beforehand.",
)
FORM_POST = Reason(
    next_does="`redirect()` after a POST of `application/x-www-form-urlencoded;charset=UTF-8` is a 307, without the parameter a 303.",
    we_do="303 after any form POST.",
    why="A parameter does not change the media type.",
)
ONE_REDIRECT = Reason(
    next_does="`NextResponse.redirect` has 307 and the web's `Response.redirect` 302; a relative URL is a 500 for both.",
    we_do="There is one `Response.redirect(url, status=307)`, which accepts relative URLs.",
    why="RFC 9110 §10.2.2 allows a relative `Location`.",
)
REDIRECT_BODY = Reason(
    next_does="The framework's own redirects (repeated slashes, the proxy's) have the target as the body, and a `Refresh` header.",
    we_do="The body is empty.",
    why="Clients follow `Location`; RFC 9110 §15.4 requires no body.",
)
EXCEPTIONS = Reason(
    next_does="`redirect()` throws an error with a `digest`, and forbidden writes throw errors with Next.js' messages.",
    we_do="They raise Python exceptions: `Redirect` with `location` and `status`, TypeError, HandlerError with a hint.",
    why="Next.js' messages refer to React.",
)
SAME_SITE = Reason(
    next_does="`sameSite: true` is written as `SameSite=true`.",
    we_do="`same_site=` is `strict`, `lax` or `none`; anything else is a ValueError.",
    why="Browsers do not know `SameSite=true`.",
)
LOWER_CASE = Reason(
    next_does="A lower-case method export is ignored: 405.",
    we_do="It is an error before anything runs, with a did-you-mean.",
    why="A `def get` in a route file is a mistake.",
)
SLOT = Reason(
    next_does="A folder `@slot` is not in the URL.",
    we_do="It is an error that names the alternatives `(slot)`, a group, and `slot`.",
    why="Slots belong to pages; API Gateway does not allow `@` in a path part.",
)
NOT_PRERENDERED = Reason(
    next_does="A `force-static` handler runs in the build, and an error in it fails the build.",
    we_do="Nothing runs in the build: the first request fills the cache, and an error is a 500.",
    why="A build needs no database and no secrets.",
)

PROBLEM_TYPE = "application/problem+json"
TEXT = {"content-type": "text/plain; charset=utf-8"}
BYTES = {"content-type": "application/octet-stream"}
DYNAMIC = {"cache-control": "private, no-store"}
YEAR = {"cache-control": "public, s-maxage=31536000"}
MINUTE = {"cache-control": "public, s-maxage=60, stale-while-revalidate=31535940, stale-if-error=31535940"}
SECOND = {"cache-control": "public, s-maxage=1, stale-while-revalidate=31535999, stale-if-error=31535999"}
NO_STATE = {"x-nextjs-cache": None}


def _text(case: str) -> tuple[str, Departure]:
    return case, Departure(reasons=(CONTENT_TYPE,), headers=TEXT)


def _problem(case: str, status: int, title: str, *reasons: Reason, **headers: Any) -> tuple[str, Departure]:
    typed = {"content-type": PROBLEM_TYPE, **{name.replace("_", "-"): value for name, value in headers.items()}}
    body = {"jsonPartial": {"type": "about:blank", "title": title, "status": status}}
    return case, Departure(reasons=(PROBLEM, *reasons), status=status, headers=typed, body=body)


def _dynamic(case: str) -> tuple[str, Departure]:
    return case, Departure(reasons=(NO_STORE,), headers=DYNAMIC)


def _cached(case: str, headers: Mapping[str, Any], *reasons: Reason) -> tuple[str, Departure]:
    return case, Departure(reasons=(PUBLIC, *reasons), headers=headers)


def _hit(case: str, headers: Mapping[str, Any]) -> tuple[str, Departure]:
    return case, Departure(reasons=(PUBLIC, CACHE_STATE), headers={**headers, **NO_STATE})


DEPARTURES: dict[str, Departure] = dict(
    [
        _text("basic-get-static"),
        _text("basic-post-static"),
        _text("basic-put-static"),
        _text("basic-put-dynamic"),
        _text("basic-delete-static"),
        _text("basic-delete-dynamic"),
        _text("basic-patch-static"),
        ("vary-custom", Departure(reasons=(UNKEYED,), headers={"cache-control": "private, no-store"})),
        ("stream-echo", Departure(reasons=(CONTENT_TYPE,), headers=BYTES)),
        ("resp-bytes", Departure(reasons=(CONTENT_TYPE,), headers=BYTES)),
        _text("stream-iterator"),
        ("method-not-allowed", Departure(reasons=(ALLOW,), headers={"allow": "GET, HEAD, OPTIONS"})),
        _problem("hook-forbidden", 403, "Forbidden"),
        _problem("hook-unauthorized", 401, "Unauthorized"),
        _problem("err-response", 500, "Internal Server Error"),
        _problem("err-retnum", 500, "Internal Server Error"),
        _problem("err-101", 500, "Internal Server Error"),
        _problem("cookie-notfound", 404, "Not Found"),
        _problem("catchall-needs-one", 404, "Not Found"),
        _problem("cors-config-on-error", 500, "Internal Server Error"),
        _problem("unmatched-404", 404, "Not Found", NO_STORE, cache_control="private, no-store"),
        _problem("dp-false-unknown", 404, "Not Found", NO_STORE, cache_control="private, no-store"),
        _problem("cookie-obj", 500, "Internal Server Error", SAME_SITE, set_cookie=None),
        _problem("stream-error-first", 500, "Internal Server Error", ALWAYS_RESPONDS),
        ("err-retstr", Departure(reasons=(VALUES,), status=200, headers=TEXT, body="a string")),
        (
            "stream-error-mid",
            Departure(
                reasons=(WHOLE, PROBLEM),
                status=500,
                headers={"x-a": None, "content-type": PROBLEM_TYPE},
                body={"jsonPartial": {"status": 500}},
                adapters=BUFFERED,
            ),
        ),
        _dynamic("dynamic-not-prerendered"),
        _dynamic("cache-force-dynamic"),
        _dynamic("cache-fs-rev-0"),
        _dynamic("cache-fd-rev-60"),
        _dynamic("cache-rev60-cookies"),
        _dynamic("cache-rev60-fetchns"),
        _dynamic("dp-false-without-gsp"),
        _hit("static-json-file-name", YEAR),
        _hit("gsp-second", YEAR),
        _hit("cache-force-static", YEAR),
        ("dp-false-known", Departure(reasons=(CACHE_STATE,), headers=NO_STATE)),
        _cached("revalidate-1-second", SECOND),
        _cached("revalidate-1-three", SECOND),
        _cached("rss-route", YEAR),
        _cached("cache-error", YEAR),
        _cached("cache-rev-false", YEAR),
        _cached("cache-rev-60", MINUTE),
        _cached("cache-rev-year", YEAR),
        _cached("cache-rev-2year", {"cache-control": "public, s-maxage=63072000"}),
        _cached("cache-rev60-pathname", MINUTE),
        _cached("cache-rev60-method", MINUTE),
        _cached("dp-true-unknown", YEAR),
        _cached("dp-force-static-without-gsp", YEAR),
        _cached("cache-rev60-requrl", MINUTE, URL_CACHED),
        _cached("cache-rev60-search", MINUTE, URL_CACHED),
        _cached("cache-post-opts-out", YEAR, OTHER_METHODS),
        _cached("cache-options-opts-out", YEAR, OTHER_METHODS),
        _cached("dp-revalidate-without-gsp", MINUTE, DYNAMIC_CACHED),
        (
            "cache-static-options-405",
            Departure(reasons=(OTHER_METHODS,), status=204, headers={"allow": "GET, HEAD, OPTIONS"}, body=""),
        ),
        (
            "force-static-strips",
            Departure(
                reasons=(PUBLIC, CACHE_STATE, HOST),
                headers={**YEAR, **NO_STATE},
                body={
                    "jsonPartial": {
                        "nextUrl": {"search": "query=true", "searchParams": "true"},
                        "req": {"headers": None},
                        "headers": None,
                        "cookies": None,
                    }
                },
            ),
        ),
        ("redirect-urlencoded-charset", Departure(reasons=(FORM_POST,), status=303)),
        ("double-slash", Departure(reasons=(REDIRECT_BODY,), headers={"refresh": None}, body="")),
        ("proxy-redirect-relative", Departure(reasons=(REDIRECT_BODY,), body="")),
        ("response-redirect-rel", Departure(reasons=(ONE_REDIRECT,), status=307, headers={"location": "/x"})),
        ("response-redirect-stdrel", Departure(reasons=(ONE_REDIRECT,), status=307, headers={"location": "/x"})),
        ("response-redirect-std", Departure(reasons=(ONE_REDIRECT,), status=307)),
        ("redirect-caught", Departure(reasons=(EXCEPTIONS,), body={"json": {"location": "/x", "status": 307}})),
        (
            "headers-readonly",
            Departure(
                reasons=(EXCEPTIONS,),
                body={"json": {"set": "TypeError", "append": "AttributeError", "delete": "TypeError"}},
            ),
        ),
        (
            "cache-cookie-set-throws",
            Departure(
                reasons=(EXCEPTIONS,),
                body={"contains": "a static response is the same for everyone and sets no cookie."},
            ),
        ),
    ]
)

REFUSALS: dict[str, Refusal] = {
    "lowercase-export-405": Refusal(
        reasons=(LOWER_CASE,),
        files={"functions/lowercase/get/route.py": 'def get():\n    return "hello, world"\n'},
        message=(
            "functions/lowercase/get/route.py:1: 'get' is not a method: methods are written in upper case. Name it 'GET'."
        ),
    ),
    "slot-folder-dropped": Refusal(
        reasons=(SLOT,),
        files={"functions/slots/@mod/inner/route.py": "def GET():\n    return {}\n"},
        message=(
            "functions/slots/@mod/inner/route.py: segment '@mod' is a parallel-route slot, which only pages have. "
            "Name the folder '(mod)' to leave it out of the URL, or 'mod'."
        ),
    ),
    "build-static-handler-throws": Refusal(
        reasons=(NOT_PRERENDERED,),
        files={"functions/x/route.py": 'dynamic = "force-static"\n\n\ndef GET():\n    raise RuntimeError\n'},
    ),
}


def _next_only(why: str) -> Skip:
    return Skip(kind="next-only", why=why)


_CACHE_COMPONENTS = _next_only("Cache Components is the other caching model of Next.js; edgeroutes has the default one")
_DISCONNECT = Skip(
    kind="platform", why="a Lambda function does not notice that its client has disconnected", adapters=LAMBDA
)

SKIPS: dict[str, Skip] = {
    "rewrite-in-handler": _next_only("there is no NextResponse.rewrite(); a handler calls the other function"),
    "handler-next": _next_only("there is no NextResponse.next(); middleware calls call_next"),
    "metadata-manifest": _next_only("there are no metadata files: manifest.webmanifest/route.py is a route"),
    "metadata-robots": _next_only("there are no metadata files: robots.txt/route.py is a route"),
    "draft-enable": _next_only("there is no draft mode: it previews pages of a CMS"),
    "updatetag-throws": _next_only("there is no updateTag(): it belongs to Server Actions"),
    "cc-cookies": _CACHE_COMPONENTS,
    "cc-headers": _CACHE_COMPONENTS,
    "cc-task": _CACHE_COMPONENTS,
    "cc-fetch-cached": _CACHE_COMPONENTS,
    "cc-fetch-mixed": _CACHE_COMPONENTS,
    "cc-microtask": _CACHE_COMPONENTS,
    "cc-static-string-sync": _CACHE_COMPONENTS,
    "cc-static-stream-sync": _CACHE_COMPONENTS,
    "cache-rev60-connection": _next_only('there is no connection(): dynamic = "force-dynamic" is the alternative'),
    "cache-rev60-nostore": _next_only('there is no unstable_noStore(): dynamic = "force-dynamic" is the alternative'),
    "build-route-and-page": _next_only("there are no pages"),
    "cancel-progressing": _DISCONNECT,
    "cancel-stalled": _DISCONNECT,
    "cancel-no-data": _DISCONNECT,
    "decode-a%2Fb": Skip(
        kind="platform", why="an HTTP API decodes the path, so %2F and a slash look the same", adapters=("http-api",)
    ),
    "resp-multi-values": Skip(
        kind="platform",
        why="a REST API and dev rename WWW-Authenticate to x-amzn-remapped-www-authenticate",
        adapters=("dev",),
    ),
    "catchall-decode": Skip(
        kind="platform", why="an HTTP API decodes the path, so %2F and a slash look the same", adapters=("http-api",)
    ),
}

# Behaviour of Next.js that no case of the file shows.
UNSHOWN: tuple[Reason, ...] = (
    Reason(
        next_does="`context.params` is a promise, and undefined in a route without dynamic segments.",
        we_do="`params` is a plain mapping, empty in such a route.",
        why="Python needs no promise, and an empty mapping needs no check.",
    ),
    Reason(
        next_does="The body can be read once; a second read is a 500.",
        we_do="It can be read any number of times.",
        why="Lambda has all of it before the handler starts.",
    ),
    Reason(
        next_does="Invalid JSON in `request.json()` is a 500; so is malformed percent-encoding in a captured segment.",
        we_do="Both are a 400.",
        why="It is the client's mistake.",
    ),
    Reason(
        next_does="The cache stores responses with Set-Cookie, and a 500 during a refresh replaces the cached response.",
        we_do="Neither is ever cached.",
        why="A cookie belongs to one visitor.",
    ),
    Reason(
        next_does="`request.url` has `localhost`, whatever the Host header is.",
        we_do="`request.url` and `Location` have the real host.",
        why="Links and redirects work only with the real host.",
    ),
    Reason(
        next_does="CORS headers are written by hand in handlers or in the configuration.",
        we_do="`cors = CORS(…)` declares them; preflights and error responses have them too.",
        why="By hand, errors and preflights of cached routes lack the headers.",
    ),
    Reason(
        next_does="Two `set` calls with one cookie name keep one cookie, whatever the paths.",
        we_do="Cookies are distinguished by name, domain and path, as in browsers.",
        why="A handler must be able to delete a cookie on one path and set it on another.",
    ),
    Reason(
        next_does="`maxAge` also writes an `Expires`, over a given one; a number for `expires` is milliseconds.",
        we_do="Each attribute is written as given; a number for `expires=` is seconds since the epoch.",
        why="Browsers prefer `Max-Age`, and a fixed response stays the same bytes; Python's times are seconds.",
    ),
    Reason(
        next_does="`Location` has the target as given, with raw non-ASCII.",
        we_do="Invalid URL characters, also backslashes, are percent-encoded; an empty target or a control character is a 500.",
        why="A field value is ASCII (RFC 9110 §5.5), and browsers take a backslash for a slash: another host.",
    ),
    Reason(
        next_does="A handler's `Content-Encoding` is dropped, a custom `statusText` is sent, every response has React's `Vary`, \
and `next start` compresses.",
        we_do="`Content-Encoding` is sent, only `Content-Length` and `Transfer-Encoding` are dropped; nothing else is added.",
        why="A handler may compress, otherwise the CDN does; Lambda's result has no reason phrase.",
    ),
    Reason(
        next_does="Conditional requests never get a 304.",
        we_do="A cacheable response has a strong `ETag`, and a request with that `ETag` gets a 304.",
        why="Browsers revalidate through the CDN at each visit, usually without a body.",
    ),
    Reason(
        next_does="Revalidated entries are evicted when the handler returns or redirects, so the redirect's target is fresh; \
an error evicts nothing.",
        we_do="They are invalidated after the response has been sent, also after a 500; with `wait=True` CloudFront is called before.",
        why="The edges need seconds anyway, so no client waits for them; and changes before a failure are changes.",
    ),
    Reason(
        next_does="`redirect()` and `notFound()` in a cached route are cached for a year, whatever its `revalidate`.",
        we_do="They are cached as long as the route's other responses.",
        why="A missing item may appear later.",
    ),
    Reason(
        next_does="In a route with `generateStaticParams`, reading cookies or headers only at request time is a 500.",
        we_do="That response is dynamic, and the next one may be cached again.",
        why="The runtime sees what each response depends on.",
    ),
    Reason(
        next_does="An exported HEAD is ignored on a cached route.",
        we_do="It works.",
        why="It was exported.",
    ),
    Reason(
        next_does="`robots.txt/route`, `sitemap.xml/route` and the like are static by default.",
        we_do='They are routes like any other: dynamic, unless they set `dynamic = "force-static"` or `revalidate`.',
        why="A name does not change the meaning of a file.",
    ),
    Reason(
        next_does="TRACE is a 500.",
        we_do="It is a 400, like every method other than the seven.",
        why="It is the client's mistake.",
    ),
    Reason(
        next_does='`export const GET = "text"` counts in `Allow`, and is a 500 when called.',
        we_do="It is an error before anything runs.",
        why="It cannot be called.",
    ),
    Reason(
        next_does="`after()` takes a function or a promise.",
        we_do="`after(callable, *args)`; a coroutine object is a TypeError.",
        why="Functions run later, in the given order.",
    ),
    Reason(
        next_does="Middleware (`proxy`) runs before unmatched paths too.",
        we_do="It wraps the routes at or below its folder, also their 405 and automatic OPTIONS, but not an unmatched path.",
        why="A path without a route has no function.",
    ),
)


def render_page() -> str:
    """docs/nextjs-differences.md."""
    lines = [
        "# Differences from Next.js",
        "",
        "Route files, methods, params, cookies, redirects and segment config are those of Next.js 16 route handlers, written in Python.",
        "The differences below are deliberate. edgeroutes' tests run the cases of Next.js' own test suite and check each difference.",
        "",
        "| Next.js | edgeroutes | because |",
        "|---|---|---|",
    ]
    lines += [f"| {reason.next_does} | {reason.we_do} | {reason.why} |" for reason in _reasons()]
    lines += ["", "## Not supported", ""]
    for kind, meaning in SKIP_KINDS.items():
        lines += [f"{meaning[0].upper()}{meaning[1:]}:", ""]
        lines += dict.fromkeys(
            f"- {skip.why[0].upper()}{skip.why[1:]}." for skip in SKIPS.values() if skip.kind == kind
        )
        lines.append("")
    return "\n".join(lines)


def _reasons() -> Iterator[Reason]:
    """Every reason once, in the order of the tables."""
    rows = [*DEPARTURES.values(), *REFUSALS.values()]
    reasons = [reason for row in rows for reason in row.reasons] + [*UNSHOWN]
    yield from {id(reason): reason for reason in reasons}.values()


if __name__ == "__main__":
    PAGE.write_text(render_page(), "utf-8")
