"""Long lists in pages, each with the cursor of the next one."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Generic, TypeVar

from functions._shared.validation import require

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Some of the items. `next` is null on the last page, which may be empty."""

    items: list[T]
    next: str | None = None


def write_cursor(last_id: int | None) -> str | None:
    """The cursor with which clients request the items after this id; None without more items.

    It is opaque, so that clients do not depend on its content.
    """
    return None if last_id is None else urlsafe_b64encode(str(last_id).encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> int | None:
    """The id in a cursor, None for the first page; 400 for an invalid cursor. A forged one only starts at another item."""
    if not cursor:
        return None
    try:
        last_id = int(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        last_id = -1
    require(("cursor", 0 <= last_id < 2**53, "must be a cursor from a previous page"))
    return last_id
