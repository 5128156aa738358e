"""Computed for each request. That is the default; `force-dynamic` makes it explicit."""

from datetime import UTC, datetime

dynamic = "force-dynamic"


async def GET() -> dict[str, datetime]:
    return {"made_at": datetime.now(UTC)}
