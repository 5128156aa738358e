"""The things that the example is about. Frozen: a change is a new value, saved in the old one's place."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Category = Literal["news", "guides", "releases"]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    id: int
    name: str
    email: str
    teams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    id: int
    title: str
    body: str
    category: Category
    tags: tuple[str, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    id: int
    name: str
    price_cents: int
    tags: tuple[str, ...]
    in_stock: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    id: int
    name: str
    type: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEvent:
    id: int
    type: str
    data: dict[str, object]
