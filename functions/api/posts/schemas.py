"""What clients send about posts."""

from dataclasses import dataclass

from functions._shared.models import Category
from functions._shared.validation import require


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPost:
    """A type that does not fit is a 400 by itself; `__post_init__` adds the rules that a type cannot say."""

    title: str
    body: str
    category: Category
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require(
            ("title", 3 <= len(self.title.strip()) <= 120, "must have 3 to 120 characters"),
            ("body", self.body.strip() != "", "must not be empty"),
            ("tags", len(self.tags) <= 5, "must be at most 5"),
            ("tags", len(set(self.tags)) == len(self.tags), "must differ from each other"),
        )
