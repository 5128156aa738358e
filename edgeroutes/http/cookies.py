"""Cookies: read from a request, written to a response.

Reading and writing follow Next.js, which follows browsers: values are percent-encoded, quotes are part of a value, a bare name means
"true", and a value with malformed encoding is left out.

Source: measured on Next.js 16.4.6 (read 2026-11-21).
"""

from __future__ import annotations

from edgeroutes.http.headers import is_token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from typing import Literal, TypedDict

    SameSite = Literal["strict", "lax", "none"]

    class CookieAttributes(TypedDict, total=False):
        """The keyword arguments of `ResponseCookies.set`, which describes them."""

        path: str
        expires: datetime | str | float | None
        max_age: int | None
        domain: str | None
        secure: bool
        http_only: bool
        same_site: SameSite | None
        partitioned: bool


_SAME_SITE = ("strict", "lax", "none")
# HTTP's white space, which browsers strip from a cookie's name before they check its prefix. `str.strip()` strips more, and would
# make "__Host-a" of "\u2000__Host-a". Source: RFC 6265bis §5.6.
_WHITE_SPACE = " \t"
# Source: RFC 6265bis §4.1.3, and "Cookie prefixes __Http- and __Host-Http-" of its successor; browsers compare without case.
_PREFIXES = ("__secure-", "__host-", "__http-")
_HTTP_PREFIXES = ("__http-", "__host-http-")
# Browsers drop a larger cookie, or a longer attribute. Source: RFC 6265bis §5.6.
MAX_BYTES = 4_096
_MAX_ATTRIBUTE_BYTES = 1_024
# Characters that are not percent-encoded. Source: ECMA-262 encodeURIComponent.
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()")


def parse_cookies(header: str) -> dict[str, str]:
    """The cookies of a `Cookie` header: name → decoded value. The last of a name wins, in the place of the first.

    >>> parse_cookies("a=1; b=hello%20world; a=2; f")
    {'a': '2', 'b': 'hello world', 'f': 'true'}
    """
    cookies: dict[str, str] = {}
    for part in header.split(";"):
        name, equals, value = part.strip(_WHITE_SPACE).partition("=")
        if not name or (not equals and _has_prefix(name)):  # browsers send a nameless cookie as its value alone
            continue
        decoded = _decode_value(value) if equals else "true"
        if decoded is not None:
            cookies[name] = decoded
    return cookies


def _has_prefix(name: str) -> bool:
    """Whether browsers accept a cookie of this name only under conditions: `__Host-a`, `__Secure-a`, `__Http-a`."""
    return name.startswith("__") and name.lower().startswith(_PREFIXES)


def without_forged_prefixes(header: str) -> str:
    """A `Cookie` header without pairs that become `__Host-…` and the like for a lenient parser.

    Browsers protect names that start with a prefix. Other parsers drop Unicode white space or quotes, and make `__Host-a` of
    a name with U+2000 before it, which any subdomain can set.
    """
    if "__" not in header:
        return header
    return ";".join(pair for pair in header.split(";") if not _is_forged(pair))


def _is_forged(pair: str) -> bool:
    name = pair.partition("=")[0].strip(_WHITE_SPACE)
    start = name.find("__")
    return start > 0 and not any(map(is_token, name[:start])) and _has_prefix(name[start:])


def _decode_value(value: str) -> str | None:
    """A cookie's value without percent-encoding; None where that is malformed."""
    if "%" not in value:
        return value
    from edgeroutes.http.url import decode_percent

    try:
        return decode_percent(value)
    except ValueError:
        return None


def _encode_value(value: str) -> str:
    """A value as written in a cookie: `a b` → `a%20b`."""
    if _PLAIN.issuperset(value):
        return value
    from urllib.parse import quote

    return quote(value, safe="-_.!~*'()")


class Cookie:
    """One `Set-Cookie` line: a name, an encoded value and attributes in their order."""

    __slots__ = ("attributes", "encoded_value", "name")

    def __init__(self, name: str, encoded_value: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.encoded_value = encoded_value
        self.attributes = attributes

    @property
    def key(self) -> tuple[str, str, str]:
        """The identity of a cookie in a jar: name, domain, path (RFC 6265 §5.3)."""
        return (self.name, self.attributes.get("Domain", "").lstrip(".").lower(), self.attributes.get("Path", ""))

    def __str__(self) -> str:
        attributes = (f"; {name}={value}" if value else f"; {name}" for name, value in self.attributes.items())
        return f"{self.name}={self.encoded_value}{''.join(attributes)}"


class ResponseCookies:
    """The cookies that a response sets, one per name, domain and path; the last write wins, in the place of the first."""

    __slots__ = ("_cookies", "_latest")

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str, str], Cookie] = {}
        self._latest: dict[str, Cookie] = {}

    def set(
        self,
        name: str,
        value: str | None = "",
        *,
        path: str = "/",
        expires: datetime | str | float | None = None,
        max_age: int | None = None,
        domain: str | None = None,
        secure: bool = False,
        http_only: bool = False,
        same_site: SameSite | None = None,
        partitioned: bool = False,
    ) -> None:
        """Set a cookie.

        Args:
            name: A token: letters, digits and !#$%&'*+-.^_`|~. A name with `__Secure-`, `__Host-` or `__Http-` requires `secure`;
                `__Host-` also the path `/` and no domain; `__Http-` also `http_only`.
            value: Any string, which is percent-encoded; None is the empty one.
            path: The path to which it is sent; an empty string leaves the attribute out (then: the request's folder).
            expires: A `datetime` (naive means UTC), an HTTP date, or seconds since the epoch.
            max_age: Seconds from now; 0 or less deletes the cookie. It overrides `expires`.
            domain: Sent to this host and its subdomains; without it, only to the responding host.
            secure: Over https only. `same_site="none"` and `partitioned` require it.
            http_only: Hidden from scripts.
            same_site: `strict`, `lax` or `none`.
            partitioned: One jar per top-level site (CHIPS).

        Raises:
            ValueError: For an invalid name, path, domain or `same_site`, for attributes that the name's prefix forbids, and for a cookie
                that is too large for browsers: 4,096 bytes of name and encoded value, 1,024 of an attribute.
        """
        if not is_token(name):
            raise ValueError(f"cookie name {name!r} is not a token. Allowed are letters, digits and !#$%&'*+-.^_`|~")
        attributes = {
            "Path": _checked("path", path),
            "Expires": None if expires is None else _http_date(expires),
            "Max-Age": None if max_age is None else str(int(max_age)),
            "Domain": _checked("domain", domain or ""),
            "Secure": secure,
            "HttpOnly": http_only,
            "SameSite": None if same_site is None else _same_site(same_site),
            "Partitioned": partitioned,
        }
        given = {name: "" if value is True else value for name, value in attributes.items() if value}
        cookie = Cookie(name, _encode_value("" if value is None else str(value)), given)
        _require_prefix(cookie)
        _require_size(cookie)
        self.add(cookie)

    def delete(self, name: str, *, path: str = "/", domain: str | None = None) -> None:
        """Delete a cookie in the browser; `path` and `domain` must be those with which it was set."""
        secure, http_only = _has_prefix(name), name.lower().startswith(_HTTP_PREFIXES)
        self.set(name, "", path=path, domain=domain, expires=0, secure=secure, http_only=http_only)

    def add(self, cookie: Cookie) -> None:
        """Add a cookie; it replaces one with the same name, domain and path, in its place."""
        self._cookies[cookie.key] = self._latest[cookie.name] = cookie

    def copy(self) -> ResponseCookies:
        """The same cookies in another jar."""
        copy = ResponseCookies()
        copy._cookies, copy._latest = dict(self._cookies), dict(self._latest)
        return copy

    def get(self, name: str) -> str | None:
        """The value last set for `name` on any path or domain; None where there is none."""
        latest = self._latest.get(name)
        return None if latest is None else _decode_value(latest.encoded_value)

    def __contains__(self, name: object) -> bool:
        return name in self._latest

    def __iter__(self) -> Iterator[Cookie]:
        return iter(self._cookies.values())

    def __len__(self) -> int:
        return len(self._cookies)


_ATTRIBUTES = {
    name.lower(): name
    for name in ("Path", "Expires", "Max-Age", "Domain", "Secure", "HttpOnly", "SameSite", "Partitioned", "Priority")
}


def parse_set_cookie(line: str) -> Cookie:
    """A `Set-Cookie` line as a cookie: attributes in the usual order, `Path=/` by default, without unknown ones.

    >>> str(parse_set_cookie("c=3; HttpOnly; Foo=bar"))
    'c=3; Path=/; HttpOnly'
    """
    pair, *rest = line.split(";")
    name, _, value = pair.partition("=")
    given = {"Path": "/"}
    for part in rest:
        attribute, _, text = part.partition("=")
        known = _ATTRIBUTES.get(attribute.strip(_WHITE_SPACE).lower())
        if known:
            given[known] = text.strip(_WHITE_SPACE)
    kept = {known: given[known] for known in _ATTRIBUTES.values() if known in given}
    return Cookie(name.strip(_WHITE_SPACE), value.strip(_WHITE_SPACE), kept)


def merge_cookies(lines: list[str], jar: ResponseCookies) -> list[str]:
    """The `Set-Cookie` lines of a response: its own, then those of `cookies()` with other names.

    Source: Next.js 16.4.6: without a cookie in `jar` the lines stay as they are, otherwise each is rendered again.
    """
    if not jar:
        return lines
    own = [parse_set_cookie(line) for line in lines]
    names = {cookie.name for cookie in own}
    return [str(cookie) for cookie in (*own, *(cookie for cookie in jar if cookie.name not in names))]


def _require_prefix(cookie: Cookie) -> None:
    """Refuse a cookie that browsers drop because of its name's prefix.

    Raises:
        ValueError: With what the prefix requires.
    """
    lowered = cookie.name.lower()
    if not _has_prefix(lowered):
        return
    missing = [] if "Secure" in cookie.attributes else ["secure=True"]
    if lowered.startswith("__host-"):
        missing += [] if cookie.attributes.get("Path") == "/" else ["path='/'"]
        missing += ["no domain"] if "Domain" in cookie.attributes else []
    if lowered.startswith(_HTTP_PREFIXES) and "HttpOnly" not in cookie.attributes:
        missing.append("http_only=True")
    if missing:
        prefix = cookie.name[: lowered.index("-") + 1]
        raise ValueError(
            f"cookie {cookie.name!r} would be dropped by browsers: the prefix {prefix!r} requires {' and '.join(missing)}"
        )


def _require_size(cookie: Cookie) -> None:
    """Refuse a cookie that is too large for browsers.

    Raises:
        ValueError: With its size.
    """
    size = len(cookie.name) + len(cookie.encoded_value)
    if size > MAX_BYTES:
        raise ValueError(
            f"cookie {cookie.name[:40]!r} has {size:,} bytes of name and encoded value. Browsers store up to {MAX_BYTES:,}."
            " Store the value elsewhere, and an id in the cookie"
        )
    for name, value in cookie.attributes.items():
        if len(value) > _MAX_ATTRIBUTE_BYTES:
            raise ValueError(
                f"cookie {name.lower()} has {len(value):,} bytes. Browsers store up to {_MAX_ATTRIBUTE_BYTES:,}"
            )


def _same_site(value: str) -> str:
    lowered = str(value).lower()
    if lowered not in _SAME_SITE:
        raise ValueError(f"same_site is {value!r}. Allowed are 'strict', 'lax' and 'none'")
    return lowered


def _checked(attribute: str, value: str) -> str:
    if ";" in value or not value.isascii() or not value.isprintable():
        raise ValueError(
            f"cookie {attribute} {value!r} contains a character that would end it. Use visible ASCII without ';'"
        )
    return value


def _http_date(moment: datetime | str | float) -> str:
    if isinstance(moment, str):
        return _checked("expires", moment)
    from edgeroutes.http.conditional import render_http_date

    if isinstance(moment, int | float):
        return render_http_date(moment)
    if moment.tzinfo is None:
        from datetime import UTC

        moment = moment.replace(tzinfo=UTC)
    return render_http_date(moment.timestamp())
