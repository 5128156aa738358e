"""What a browser makes of CORS: whether it asks first, and whether a page may read the answer, each step in words. Roof; asks nobody.

Source: fetch.spec.whatwg.org §3.3.6 "CORS check", §4.4 "HTTP-redirect fetch", §4.9 "CORS-preflight fetch", §2.2.2 "CORS-safelisted
request-header" and "forbidden request-header", read 2026-11-21. A test holds it against Chromium.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from edgeroutes.http.origins import canonical_origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from edgeroutes.http.headers import Headers

SAFELISTED_METHODS = ("GET", "HEAD", "POST")
# Methods that `fetch` writes in capitals, whatever the page wrote. PATCH is not among them.
_NORMALIZED = ("DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT")
_REFUSED = ("CONNECT", "TRACE", "TRACK")
# What the browser leaves out or writes itself. Of `sec-` and `proxy-` all.
_FORBIDDEN_HEADERS = frozenset(
    (
        *(
            "accept-charset",
            "accept-encoding",
            "access-control-request-headers",
            "access-control-request-method",
            "connection",
        ),
        *("content-length", "cookie", "cookie2", "date", "dnt", "expect", "host", "keep-alive", "origin", "referer"),
        *("set-cookie", "te", "trailer", "transfer-encoding", "upgrade", "via"),
    )
)
_LANGUAGES = r"[0-9A-Za-z *,\-.;=]*"
_NO_ODD_CHARACTERS = r'[^\x00-\x08\x0a-\x1f"():<>?@\[\\\]{}\x7f]*'
# Which values may be sent without leave, by header.
_SAFELISTED_HEADERS = {
    "accept": _NO_ODD_CHARACTERS,
    "accept-language": _LANGUAGES,
    "content-language": _LANGUAGES,
    "content-type": _NO_ODD_CHARACTERS,
    "range": r"bytes=[0-9]+-[0-9]*",
}
_LONGEST_VALUE, _LONGEST_VALUES = 128, 1024
_REDIRECTS = (301, 302, 303, 307, 308)
_SAFELISTED_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
_READABLE = (
    "cache-control",
    "content-language",
    "content-length",
    "content-type",
    "expires",
    "last-modified",
    "pragma",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """What a page's script asks for.

    Args:
        url: Absolute.
        origin: Of the page, as its browser writes it.
        method: As `fetch` sends it.
        headers: That the script sets, names in lower case; the value may be empty.
        has_credentials: Whether it says `credentials: "include"`.
    """

    url: str
    origin: str
    method: str = "GET"
    headers: Mapping[str, str]
    has_credentials: bool = False

    @property
    def is_same_origin(self) -> bool:
        """Whether it stays at its own origin, where CORS has no say."""
        parts = urlsplit(self.url)
        return canonical_origin(f"{parts.scheme}://{parts.netloc}") == self.origin

    @property
    def dropped_headers(self) -> tuple[str, ...]:
        """The headers that no page may set, sorted."""
        return tuple(sorted(name for name in self.headers if _is_forbidden(name)))

    @property
    def asked_headers(self) -> tuple[str, ...]:
        """The headers that need leave, sorted."""
        sent = {name: value for name, value in self.headers.items() if not _is_forbidden(name)}
        safe = [name for name, value in sent.items() if _is_safelisted(name, value)]
        if sum(len(sent[name]) for name in safe) > _LONGEST_VALUES:
            safe = []
        return tuple(sorted(sent.keys() - safe))

    def preflight_headers(self) -> list[tuple[str, str]]:
        """The fields of the request by which the browser asks first; none where it does not."""
        if self.method in SAFELISTED_METHODS and not self.asked_headers:
            return []
        asked = [("access-control-request-headers", ",".join(self.asked_headers))] if self.asked_headers else []
        return [("origin", self.origin), ("access-control-request-method", self.method), *asked]

    def following(self, reply: Reply) -> PageRequest | None:
        """The request that the answer leads to, by its `Location`; None where it is no redirect."""
        target = reply.headers.get("location")
        if reply.status not in _REDIRECTS or target is None:
            return None
        becomes_get = (reply.status == 303 and self.method != "HEAD") or (reply.status < 303 and self.method == "POST")
        return replace(self, url=urljoin(self.url, target), method="GET" if becomes_get else self.method)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer, as far as CORS goes."""

    status: int
    headers: Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that the browser looks at.

    Args:
        passes: Whether it goes on.
        words: What it saw, a sentence.
        hint: What to do where it does not go on, as an imperative without its full stop.
    """

    passes: bool
    words: str
    hint: str = ""


def normalized_method(method: str) -> str:
    """The method as `fetch` sends it: most in capitals, `patch` as it is written."""
    return method.upper() if method.upper() in _NORMALIZED else method


def explain_asking(request: PageRequest) -> Step:
    """Why the browser asks first, or that it does not."""
    if request.method.upper() in _REFUSED:
        return Step(
            passes=False, words=f"No page may ask by {request.method}.", hint="Take a method that pages may use"
        )
    reasons = [] if request.method in SAFELISTED_METHODS else [f"{request.method} is no simple method"]
    if request.asked_headers:
        reasons.append(f"{_listed(request.asked_headers)} {_are(request.asked_headers)} set by the page")
    if reasons:
        return Step(passes=True, words=f"The browser asks first, by a preflight, since {' and '.join(reasons)}.")
    return Step(
        passes=True, words=f"The browser sends it without asking: {request.method} with no header that needs leave."
    )


def check_preflight(request: PageRequest, reply: Reply) -> Iterator[Step]:
    """What the browser looks at in the answer to its preflight, up to what it stops at."""
    steps = (check_origin(request, reply), _check_status(reply), *_check_asked(request, reply))
    for step in steps:
        yield step
        if not step.passes:
            return


def explain_readable(request: PageRequest, reply: Reply) -> Step:
    """Which headers of an answer that it may read the page gets."""
    exposed = [name.strip().lower() for name in reply.headers.get("access-control-expose-headers", "").split(",")]
    if "*" in exposed and not request.has_credentials:
        return Step(passes=True, words="The page may read every header.")
    more = [name for name in exposed if name and name not in (*_READABLE, "*")]
    return Step(passes=True, words=f"The page may read {_listed(more) if more else 'no header'} beside the usual ones.")


def check_origin(request: PageRequest, reply: Reply) -> Step:
    """Whether the answer, to a preflight or not, names the page's origin."""
    values = reply.headers.getlist("access-control-allow-origin")
    if not values:
        hint = _hint_to_allow(request)
        if reply.status == 404:
            hint = "Ask for a path that exists, or set [tool.edgeroutes.cors], which answers for all others"
        return Step(passes=False, words=f"The {reply.status} has no Access-Control-Allow-Origin.", hint=hint)
    said = ", ".join(values)
    if said == "*" and not request.has_credentials:
        return Step(passes=True, words="Access-Control-Allow-Origin is '*': everybody.")
    if said == "*":
        hint = "Name the origins, and say credentials=True"
        return Step(
            passes=False, words="Access-Control-Allow-Origin is '*', and the request has credentials.", hint=hint
        )
    if said != request.origin:
        words = f"Access-Control-Allow-Origin is {said!r}, not {request.origin!r}."
        return Step(passes=False, words=words, hint=_hint_to_allow(request))
    if request.has_credentials and reply.headers.get("access-control-allow-credentials") != "true":
        hint = "Say credentials=True in CORS"
        return Step(passes=False, words="There is no 'Access-Control-Allow-Credentials: true'.", hint=hint)
    return Step(passes=True, words=f"Access-Control-Allow-Origin is {said!r}.")


def _hint_to_allow(request: PageRequest) -> str:
    if request.origin == "null":
        return "Give the page an origin of its own, or allow '*': any page can be 'null'"
    return f"Add {request.origin!r} to the origins of CORS"


def _check_status(reply: Reply) -> Step:
    if 200 <= reply.status <= 299:
        return Step(passes=True, words=f"The preflight is answered with {reply.status}.")
    hint = "Ask for a path that exists" if reply.status == 404 else "Answer preflights with 204, and with no redirect"
    return Step(
        passes=False, words=f"The preflight is answered with {reply.status}, which is none of 200 to 299.", hint=hint
    )


def _check_asked(request: PageRequest, reply: Reply) -> Iterator[Step]:
    """Method and headers: `*` is a wildcard only without credentials, and never for Authorization."""
    wildcard = () if request.has_credentials else ("*",)
    methods = _values(reply, "access-control-allow-methods")
    if request.method not in (*methods, *SAFELISTED_METHODS) and not set(wildcard) & set(methods):
        hint = f"Add {request.method!r} to the methods, or export it"
        if request.method.upper() in methods or request.method == "patch":
            hint = f"Write {request.method.upper()!r} in the page: methods are compared letter by letter"
        yield Step(passes=False, words=f"The method {request.method} is not allowed.", hint=hint)
        return
    allowed = [name.lower() for name in _values(reply, "access-control-allow-headers")]
    refused = [
        name
        for name in request.asked_headers
        if name not in allowed and (name == "authorization" or not set(wildcard) & set(allowed))
    ]
    if refused:
        hint = f"Add {_listed(refused)} to the headers of CORS"
        by_name = (
            ", since '*' does not stand for it, though Chromium takes it so" if set(wildcard) & set(allowed) else ""
        )
        yield Step(passes=False, words=f"{_listed(refused)} {_are(refused)} not allowed{by_name}.", hint=hint)
        return
    asked = f" with {_listed(request.asked_headers)}" if request.asked_headers else ""
    yield Step(passes=True, words=f"{request.method}{asked} is allowed.")


def _values(reply: Reply, name: str) -> list[str]:
    return [value.strip() for value in reply.headers.get(name, "").split(",") if value.strip()]


def _is_forbidden(name: str) -> bool:
    return name in _FORBIDDEN_HEADERS or name.startswith(("sec-", "proxy-"))


def _is_safelisted(name: str, value: str) -> bool:
    pattern = _SAFELISTED_HEADERS.get(name)
    if pattern is None or len(value) > _LONGEST_VALUE or not re.fullmatch(pattern, value):
        return False
    return name != "content-type" or value.partition(";")[0].strip().lower() in _SAFELISTED_TYPES


def _listed(names: list[str] | tuple[str, ...]) -> str:
    return " and ".join(names)


def _are(names: list[str] | tuple[str, ...]) -> str:
    return "is" if len(names) == 1 else "are"
