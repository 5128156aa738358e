"""The parts of a request's URL. Nothing is decoded: `path` and `query` stay as the client sent them."""

from __future__ import annotations

from edgeroutes.http.headers import parse_digits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_PORT = 65_535
# Characters that end a host in a URL. Source: RFC 3986 §3.2.
_NOT_IN_HOSTS = frozenset(" /?#@[]\\")
# Characters of a URL besides letters and digits. Source: RFC 3986 §2.
_PUNCTUATION = "!#$%&'()*+,-./:;=?@[]_~"
_URL_CHARACTERS = frozenset(f"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789{_PUNCTUATION}")


class URL:
    """The URL of a request.

    Args:
        scheme: `http` or `https`.
        host: As in the `Host` header, in lower case: name or address, IPv6 in brackets, with the port unless it is the scheme's default.
        path: Percent-encoded, starting with `/`, without the project's base path.
        query: Without its `?`; may be empty.

    >>> str(URL("https", "example.org", "/users/a%2Fb", "page=2"))
    'https://example.org/users/a%2Fb?page=2'
    """

    __slots__ = ("host", "path", "query", "scheme")

    def __init__(self, scheme: str, host: str, path: str, query: str = "") -> None:
        self.scheme = scheme.lower()
        self.host = host.lower()
        self.path = path
        self.query = query

    @property
    def origin(self) -> str:
        """Scheme and host, as a browser's `Origin` header has them, without a default port."""
        host = self.host
        default = f":{_DEFAULT_PORTS.get(self.scheme)}"
        return f"{self.scheme}://{host.removesuffix(default)}"

    @property
    def hostname(self) -> str:
        """The host without its port and without IPv6 brackets."""
        return split_host(self.host)[0]

    @property
    def port(self) -> int:
        """The port; the scheme's default where the host has none."""
        return split_host(self.host)[1] or _DEFAULT_PORTS.get(self.scheme, 443)

    def __str__(self) -> str:
        query = f"?{self.query}" if self.query else ""
        return f"{self.scheme}://{self.host}{self.path}{query}"

    def __repr__(self) -> str:
        return f"URL({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other) if isinstance(other, URL | str) else NotImplemented

    def __hash__(self) -> int:
        return hash(str(self))


def decode_percent(text: str) -> str:
    """`text` with its escapes decoded once: `a%2Fb` → `a/b`, `a%252Fb` → `a%2Fb`; `+` stays.

    Raises:
        ValueError: For a `%` without two hexadecimal digits, or bytes that are not UTF-8.
    """
    import re
    from binascii import unhexlify

    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise ValueError(f"{text!r} has a '%' without two hexadecimal digits")
    return re.sub(r"(?:%[0-9A-Fa-f]{2})+", lambda match: unhexlify(match[0].replace("%", "")).decode("utf-8"), text)


def split_host(host: str) -> tuple[str, int | None]:
    """Name and port of a `Host` header: `[::1]:3000` → `("::1", 3000)`; None for an invalid port."""
    if host.startswith("["):
        name, _, rest = host[1:].partition("]")
        port = rest.removeprefix(":")
    else:
        name, _, port = host.partition(":")
    number = parse_digits(port, _MAX_PORT + 1)
    return name, number if number is not None and number <= _MAX_PORT else None


def is_host(host: str) -> bool:
    """Whether a URL can have this `Host`; otherwise URL parsers raise, also those of mounted apps.

    >>> is_host("example.org:8000"), is_host("[::1]:8000"), is_host("]"), is_host("a:port")
    (True, True, False, False)
    """
    if host.startswith("["):
        address, bracket, rest = host[1:].partition("]")
        is_name = bool(bracket) and _is_ipv6(address)
    else:
        name, colon, port = host.partition(":")
        is_name, rest = name.isascii() and name.isprintable() and _NOT_IN_HOSTS.isdisjoint(name), colon + port
    return is_name and (rest in {"", ":"} or (rest.startswith(":") and split_host(rest)[1] is not None))


def has_valid_host(fields: Iterable[tuple[str, str]]) -> bool:
    """Whether each `Host` among these header fields is valid; there may be none."""
    return all(is_host(value) for name, value in fields if name == "host")


def _is_ipv6(address: str) -> bool:
    from _socket import AF_INET6, inet_pton

    try:
        inet_pton(AF_INET6, address)
    except (OSError, ValueError):  # ValueError for a NUL and for what is not ASCII
        return False
    return True


def location(url: str) -> str:
    r"""A redirect's target for a `Location` header: invalid URL characters are percent-encoded as UTF-8.

    So is a backslash, which browsers read as a slash: `/\example.org` would lead to another host.

    Raises:
        ValueError: It is empty or contains a control character.
    """
    if not url or any(character < " " or character == "\x7f" for character in url):
        raise ValueError(f"cannot redirect to {url!r}: the target is empty or contains a control character")
    if _URL_CHARACTERS.issuperset(url):
        return url
    from urllib.parse import quote

    return quote(url, safe=_PUNCTUATION)
