"""Request bodies for posts."""

from dataclasses import dataclass

from functions._shared.models import Category
from functions._shared.validation import require


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPost:
    """A wrong type is a 400 automatically; `__post_init__` adds rules that a type cannot express."""

    title: str
    body: str
    category: Category
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require(
            ("title", len(self.title.strip()) >= 3 and len(self.title) <= 120, "must have 3 to 120 characters"),
            (
                "body",
                1 <= len(self.body.strip()) <= 50_000,
                "must have 1 to 50,000 characters",
            ),  # DynamoDB: 400 kB an item
            ("tags", len(self.tags) <= 5, "must be at most 5"),
            ("tags", all(1 <= len(tag) <= 40 for tag in self.tags), "must have 1 to 40 characters each"),
            ("tags", len(set(self.tags)) == len(self.tags), "must differ from each other"),
        )
