"""The URL of a request, in its parts. Ground floor: knows nothing of requests.

Nothing is decoded here: `path` and `query` stay as the client sent them.
"""

from __future__ import annotations

_DEFAULT_PORTS = {"http": 80, "https": 443}
# What may stand in a URL besides letters and digits. Source: RFC 3986 §2.
_PUNCTUATION = "!#$%&'()*+,-./:;=?@[]_~"
_URL_CHARACTERS = frozenset(f"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789{_PUNCTUATION}")


class URL:
    """Where a request went.

    Args:
        scheme: `http` or `https`.
        host: As in the `Host` header: name or address, IPv6 in brackets, with a port where it is not the scheme's own.
        path: Percent-encoded, starting with `/`, without the project's base path.
        query: Without its `?`; empty when there is none.

    >>> str(URL("https", "example.org", "/users/a%2Fb", "page=2"))
    'https://example.org/users/a%2Fb?page=2'
    """

    __slots__ = ("host", "path", "query", "scheme")

    def __init__(self, scheme: str, host: str, path: str, query: str = "") -> None:
        self.scheme = scheme
        self.host = host
        self.path = path
        self.query = query

    @property
    def origin(self) -> str:
        """Scheme and host, as a browser's `Origin` header writes them: the scheme's own port left out."""
        host = self.host
        default = f":{_DEFAULT_PORTS.get(self.scheme)}"
        return f"{self.scheme}://{host.removesuffix(default)}".lower()

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
    return name, int(port) if port.isascii() and port.isdigit() and int(port) < 65536 else None


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
