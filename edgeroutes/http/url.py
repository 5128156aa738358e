"""The URL of a request, in its parts. Ground floor: knows nothing of requests.

Nothing is decoded here: `path` and `query` stay as the client sent them.
"""

from __future__ import annotations

from edgeroutes.http.numbers import parse_digits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_PORT = 65_535
# What ends a host in a URL, or begins something else. Source: RFC 3986 §3.2.
_NOT_IN_HOSTS = frozenset(" /?#@[]\\")
# What may stand in a URL besides letters and digits. Source: RFC 3986 §2.
_PUNCTUATION = "!#$%&'()*+,-./:;=?@[]_~"
_URL_CHARACTERS = frozenset(f"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789{_PUNCTUATION}")


class URL:
    """Where a request went.

    Args:
        scheme: `http` or `https`.
        host: As in the `Host` header, in lower case: name or address, IPv6 in brackets, with a port where it is not the scheme's own.
        path: Percent-encoded, starting with `/`, without the project's base path.
        query: Without its `?`; empty when there is none.

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
        """Scheme and host, as a browser's `Origin` header writes them: the scheme's own port left out."""
        host = self.host
        default = f":{_DEFAULT_PORTS.get(self.scheme)}"
        return f"{self.scheme}://{host.removesuffix(default)}"

    @property
    def hostname(self) -> str:
        """The host without its port, IPv6 addresses without their brackets."""
        return split_host(self.host)[0]

    @property
    def port(self) -> int:
        """The port that was asked for, the scheme's own where none was named."""
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


def split_host(host: str) -> tuple[str, int | None]:
    """Name and port of a `Host` header: `[::1]:3000` → `("::1", 3000)`; a port that is no number counts as none."""
    if host.startswith("["):
        name, _, rest = host[1:].partition("]")
        port = rest.removeprefix(":")
    else:
        name, _, port = host.partition(":")
    number = parse_digits(port, _MAX_PORT + 1)
    return name, number if number is not None and number <= _MAX_PORT else None


def is_host(host: str) -> bool:
    """Whether a URL can have this `Host`: with what is not one, parsers of URLs raise, those of mounted apps too.

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
    """Whether each `Host` among these header fields is one; there may be none."""
    return all(is_host(value) for name, value in fields if name == "host")


def _is_ipv6(address: str) -> bool:
    from _socket import AF_INET6, inet_pton

    try:
        inet_pton(AF_INET6, address)
    except (OSError, ValueError):  # ValueError for a NUL and for what is not ASCII
        return False
    return True


def location(url: str) -> str:
    r"""A redirect's target as a `Location` header may carry it: what is no URL character is percent-encoded as UTF-8.

    So is a backslash, which browsers take for a slash: `/\example.org` would lead to another host.

    Raises:
        ValueError: When it is empty or has a control character: a target that was built from raw input.
    """
    if not url or any(character < " " or character == "\x7f" for character in url):
        raise ValueError(f"cannot redirect to {url!r}: it is empty or has a control character")
    if _URL_CHARACTERS.issuperset(url):
        return url
    from urllib.parse import quote

    return quote(url, safe=_PUNCTUATION)
