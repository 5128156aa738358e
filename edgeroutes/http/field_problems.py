"""Problems of a request, field by field: collected up to a limit, and rendered for the response."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Path = tuple[str, "Path"] | None
    Errors = list[dict[str, str]]

# The problems in a response. Collectors stop at one more, which shows that there are others.
MAX_PROBLEMS = 100
_MAX_FIELD_CHARACTERS = 200
_MAX_NAME_CHARACTERS = 80


class Problems(list[tuple["Path", str]]):
    """Pairs of path and message.

    A path is linked, `("items", ("0", None))` for `items.0`: the container of a value prepends its name. So valid values cost nothing,
    and problems share the ends of their paths.

    Attributes:
        memo: Results for values that are tried against several types; None outside of such a trial.
    """

    memo: dict[int, Any] | None = None

    def add(self, message: str, *names: str) -> None:
        """Add a problem of the current value, or of the value below it at `names`."""
        self.append((_make_path(names), message))

    def put_under(self, name: str, start: int) -> bool:
        """Prepend `name` to the problems from `start` on; True when there are enough to stop."""
        self[start:] = [((name, path), message) for path, message in self[start:]]
        return len(self) > MAX_PROBLEMS

    def errors(self, root: str = "body") -> Errors:
        """The problem document's list: `[{"field": "items.0", "message": "must be an integer"}]`.

        Args:
            root: The field of a problem of the whole value.
        """
        return [{"field": render_path(path) or root, "message": message} for path, message in self]


def _make_path(names: Iterable[str]) -> Path:
    """Names, outermost first, as a path."""
    path: Path = None
    for name in reversed(tuple(names)):
        path = (name, path)
    return path


def render_path(path: Path) -> str:
    """A path as `items.0.name`; long names, which clients may choose, and long paths are shortened."""
    names = []
    while path is not None:
        name, path = path
        names.append(name if len(name) <= _MAX_NAME_CHARACTERS else f"{name[:_MAX_NAME_CHARACTERS]}…")
    text = ".".join(names)
    if not text.isascii():
        text = text.encode(
            "utf-8", "backslashreplace"
        ).decode()  # half of a surrogate pair is shown as it may be written
    half = _MAX_FIELD_CHARACTERS // 2
    return text if len(text) <= _MAX_FIELD_CHARACTERS else f"{text[:half]}…{text[-half + 1 :]}"
