"""Long lists in pages, each with the cursor that the next one is asked for with."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Generic, TypeVar

from functions._shared.validation import require

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Some of the items. `next` is null on the last page, which may be empty: that it is the last shows when nothing follows."""

    items: list[T]
    next: str | None = None


def write_cursor(last_id: int | None) -> str | None:
    """What clients send back to go on after this id; None when there is nothing to go on with.

    It is unreadable on purpose: nobody should build upon what is in it.
    """
    return None if last_id is None else urlsafe_b64encode(str(last_id).encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> int | None:
    """The id in a cursor, None for the first page; 400 for what is no cursor. A forged one only begins elsewhere."""
    if not cursor:
        return None
    try:
        last_id = int(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        last_id = -1
    require(("cursor", 0 <= last_id < 2**53, "must be one that was given out"))
    return last_id
