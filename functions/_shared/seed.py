"""What the store starts with; the same at every start."""

from datetime import UTC, datetime

from functions._shared.models import Post, Product, User

USERS = (
    User(id=1, name="Ada Lovelace", email="ada@example.com", teams=("engines", "research")),
    User(id=2, name="Grace Hopper", email="grace@example.com", teams=("compilers",)),
    User(id=3, name="Alan Turing", email="alan@example.com", teams=("research",)),
)

POSTS = (
    Post(
        id=1,
        title="Hello, edge",
        body="A folder is a route.",
        category="news",
        tags=("intro",),
        created_at=datetime(2026, 1, 5, 9, 0, tzinfo=UTC),
    ),
    Post(
        id=2,
        title="Routing with folders",
        body="Static beats [id] beats [...rest].",
        category="guides",
        tags=("routing", "intro"),
        created_at=datetime(2026, 2, 10, 12, 30, tzinfo=UTC),
    ),
    Post(
        id=3,
        title="Streaming answers",
        body="Bytes leave as they are produced.",
        category="guides",
        tags=("streaming",),
        created_at=datetime(2026, 3, 15, 8, 15, tzinfo=UTC),
    ),
    Post(
        id=4,
        title="Version 0.1 & what is next",
        body="The first version that runs.",
        category="releases",
        tags=(),
        created_at=datetime(2026, 4, 20, 16, 45, tzinfo=UTC),
    ),
)

PRODUCTS = (
    Product(id=1, name="Notebook", price_cents=450, tags=("paper", "office")),
    Product(id=2, name="Fountain pen", price_cents=3900, tags=("ink", "office")),
    Product(id=3, name="Ink bottle", price_cents=1250, tags=("ink",), in_stock=False),
    Product(id=4, name="Desk lamp", price_cents=5900, tags=("light", "office")),
)
