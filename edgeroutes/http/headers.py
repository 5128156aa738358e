"""Header fields: several values per name, names without case."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping

TYPE_CHECKING = False
if not TYPE_CHECKING:

    def overload(function: object) -> object:
        """`typing.overload` without importing typing, which costs milliseconds of a cold start."""


if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from typing import Any, Self, TypeVar, overload  # noqa: TC004  # at run time it is the function above

    HeaderValues = Mapping[str, str] | Iterable[tuple[str, str]]
    T = TypeVar("T")


class Headers(Mapping[str, str]):
    """The header fields of a message, read-only.

    Names are found in any case, and returned in lower case. The values of a repeated name are joined by `, ` (`; ` for `cookie`), as in
    RFC 9110 §5.3; `getlist` returns them separately, which `set-cookie` needs.

    Args:
        items: A mapping, pairs of name and value, or the headers of another message; names may repeat.

    >>> Headers([("Accept", "text/html"), ("accept", "*/*")])["ACCEPT"]
    'text/html, */*'
    """

    __slots__ = ("_items",)

    _items: list[tuple[str, str]]

    def __init__(self, items: HeaderValues = ()) -> None:
        self._items = [(name.lower(), value) for name, value in _pairs(items)]

    @classmethod
    def from_lowered(cls, items: list[tuple[str, str]]) -> Self:
        """Headers over pairs whose names are in lower case; the list is not copied."""
        headers = cls.__new__(cls)
        headers._items = items  # noqa: SLF001  # its own
        return headers

    def __await__(self) -> Generator[None, None, Self]:
        """Itself, for `await headers()` as in Next.js 15."""
        yield from ()
        return self

    def has_any(self, names: frozenset[str]) -> bool:
        """Whether one of these names, in lower case, is present."""
        for key, _ in self._items:  # noqa: SIM110  # `any` over a generator takes twice as long
            if key in names:
                return True
        return False

    def getlist(self, name: str) -> list[str]:
        """Every value of `name`, in order; empty where there is none."""
        name = name.lower()
        return [value for key, value in self._items if key == name]

    def are_small(self) -> bool:
        """Whether the values have at most 5,000 characters, by a quick check: so few and short that no limit is near."""
        if len(self._items) > 10:
            return False
        for item in self._items:  # noqa: SIM110  # `all` takes three times as long
            if len(item[1]) > 500:
                return False
        return True

    def multi_items(self) -> list[tuple[str, str]]:
        """Every field as a pair, names in lower case, repeated names separate, in order."""
        return list(self._items)

    def pairs(self) -> list[tuple[str, str]]:
        """The fields as in `multi_items`, not copied."""
        return self._items

    @overload
    def get(self, name: str, default: None = None) -> str | None: ...
    @overload
    def get(self, name: str, default: T) -> str | T: ...
    def get(self, name: str, default: Any = None) -> Any:
        """The value of `name`, joined where it is repeated; `default` where there is none."""
        name = name.lower()
        found = None
        for key, value in self._items:
            if key == name:
                if found is not None:
                    return ("; " if name == "cookie" else ", ").join(self.getlist(name))
                found = value
        return default if found is None else found

    def __getitem__(self, name: str) -> str:
        value: str | None = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(key for key, _ in self._items))

    def __len__(self) -> int:
        return len({key for key, _ in self._items})

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Headers):
            return sorted(self._items) == sorted(other._items)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # MutableHeaders are mutable

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._items!r})"


class MutableHeaders(Headers, MutableMapping[str, str]):
    """The header fields of a response.

    Raises:
        ValueError: A name is not a token, or a value contains a control character (a line end would split the response) or one
            outside of Latin-1, which HTTP does not allow.
        TypeError: A value is not a string.
    """

    __slots__ = ()

    def __init__(self, items: HeaderValues = ()) -> None:
        self._items = []
        for name, value in _pairs(items):
            self.append(name, value)

    def append(self, name: str, value: str) -> None:
        """Add a field, and keep those with the same name."""
        self._items.append((_checked_name(name), _checked_value(name, value)))

    def add_own(self, name: str, value: str) -> None:
        """Add a field of edgeroutes, whose name (in lower case) and value need no check."""
        self._items.append((name, value))

    def discard(self, names: frozenset[str]) -> None:
        """Remove the fields with these names, in lower case."""
        if self.has_any(names):
            self._items[:] = [pair for pair in self._items if pair[0] not in names]

    def add_vary(self, name: str) -> None:
        """Add a request header to `Vary`, once."""
        varying = [part.strip() for part in self.get("vary", "").split(",") if part.strip()]
        if name.lower() not in (part.lower() for part in varying):
            self["vary"] = ", ".join([*varying, name])

    def __setitem__(self, name: str, value: str) -> None:
        pair = (_checked_name(name), _checked_value(name, value))
        places = [place for place, (key, _) in enumerate(self._items) if key == pair[0]]
        if not places:
            self._items.append(pair)
            return
        self._items[places[0]] = pair
        for place in reversed(places[1:]):
            del self._items[place]

    def __delitem__(self, name: str) -> None:
        name = name.lower()
        kept = [pair for pair in self._items if pair[0] != name]
        if len(kept) == len(self._items):
            raise KeyError(name)
        self._items[:] = kept


_SAFE_DIGITS = 18  # a 64-bit integer
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")  # Source: RFC 9110 §5.6.2


def is_token(text: str) -> bool:
    """Whether `text` is valid as a header name, a cookie name or a method (RFC 9110 `token`)."""
    return bool(text) and _TOKEN.issuperset(text.lower()) and text.isascii()


def parse_digits(text: str, most: int) -> int | None:
    """The number of ASCII digits, at most `most`; None for anything else, also with a sign or a space. `int` refuses 4,300 digits.

    Args:
        text: As the client sent it.
        most: The result for larger numbers; below 10**18.

    >>> parse_digits("080", 65_536), parse_digits("9" * 5_000, 65_536), parse_digits("-1", 65_536)
    (80, 65536, None)
    """
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0")
    return most if len(digits) > _SAFE_DIGITS else min(int(digits or "0"), most)


def _checked_name(name: str) -> str:
    if not is_token(name):
        raise ValueError(f"header name {name!r} is not a token. Allowed are letters, digits and !#$%&'*+-.^_`|~")
    return name.lower()


def _checked_value(name: str, value: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"header {name!r} has a value of type {type(value).__name__}. Allowed is a string")
    if not (value.isascii() and value.isprintable()) and any(map(_is_unsendable, value)):
        raise ValueError(
            f"header {name!r} has a control or non-Latin-1 character in its value {value!r}. Allowed is visible Latin-1 text"
        )
    return value.strip(" \t")


def _is_unsendable(character: str) -> bool:
    """Whether no field value may contain it. Source: RFC 9110 §5.5."""
    return (character < " " and character != "\t") or character == "\x7f" or character > "\xff"


def _pairs(items: HeaderValues) -> Iterable[tuple[str, str]]:
    """The fields separately; headers of other libraries have repeated ones in `multi_items` (HTTPX) or `items`."""
    for method in ("multi_items", "items"):
        if hasattr(items, method):
            pairs: Iterable[tuple[str, str]] = getattr(items, method)()
            return pairs
    return items  # type: ignore[return-value]  # pairs already
