"""The data of the example application."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Category = Literal["news", "guides", "releases"]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """`version` counts the changes: a change of an older version is rejected."""

    id: int
    name: str
    email: str
    teams: tuple[str, ...] = ()
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicUser:
    """The part of a user that other users see."""

    id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    id: int
    author_id: int
    title: str
    body: str
    category: Category
    tags: tuple[str, ...]
    created_at: datetime
    views: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    id: int
    name: str
    price_cents: int
    tags: tuple[str, ...]
    in_stock: bool = True
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file; its `id` is the SHA-256 of its content, so the same file is stored once."""

    id: str
    name: str
    type: str
    size_bytes: int
