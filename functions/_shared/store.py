"""The example's data: one repository for each kind of thing.

`MemoryRepository` keeps it in the process. On Lambda every sandbox has a memory of its own, which comes and goes, so
what one request saves another may not see: right for trying things out, wrong for data. A class with the same five
methods over a DynamoDB table takes its place, and no route changes.
"""

from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

from functions._shared.models import Post, Product, Upload, User, WebhookEvent
from functions._shared.seed import POSTS, PRODUCTS, USERS


class Entity(Protocol):
    @property
    def id(self) -> int: ...


T = TypeVar("T", bound=Entity)


class Repository(Protocol[T]):
    """What a route may ask of a kind of thing."""

    def all(self) -> list[T]:
        """Every item, by id."""
        ...

    def get(self, key: int) -> T | None:
        """The item, or None."""
        ...

    def next_id(self) -> int:
        """An id that no item has had; in a table, an atomic counter."""
        ...

    def save(self, item: T) -> None:
        """Put the item in the place of the one with its id, if there is one."""
        ...

    def delete(self, key: int) -> bool:
        """Whether there was such an item; there is none now."""
        ...


class MemoryRepository(Generic[T]):
    def __init__(self, seed: Iterable[T] = ()) -> None:
        self._seed = tuple(seed)
        self.reset()

    def reset(self) -> None:
        """Go back to the seed: for tests."""
        self._items = {item.id: item for item in self._seed}
        self._last_id = max(self._items, default=0)

    def all(self) -> list[T]:
        return [self._items[key] for key in sorted(self._items)]

    def get(self, key: int) -> T | None:
        return self._items.get(key)

    def next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def save(self, item: T) -> None:
        self._items[item.id] = item

    def delete(self, key: int) -> bool:
        return self._items.pop(key, None) is not None


_users = MemoryRepository(USERS)
_posts = MemoryRepository(POSTS)
_products = MemoryRepository(PRODUCTS)
_uploads = MemoryRepository[Upload]()
_webhook_events = MemoryRepository[WebhookEvent]()

users: Repository[User] = _users
posts: Repository[Post] = _posts
products: Repository[Product] = _products
uploads: Repository[Upload] = _uploads
webhook_events: Repository[WebhookEvent] = _webhook_events


def reset() -> None:
    """Make everything as it was at the start: for tests."""
    for repository in (_users, _posts, _products, _uploads, _webhook_events):
        repository.reset()
