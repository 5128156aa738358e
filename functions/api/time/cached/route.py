"""Fresh for ten seconds; after that the old answer is still given at once, while a new one is made."""

from datetime import UTC, datetime

revalidate = 10


async def GET() -> dict[str, datetime]:
    return {"made_at": datetime.now(UTC)}
