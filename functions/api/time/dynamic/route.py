"""Made anew for each request. That is the default; `force-dynamic` says it aloud."""

from datetime import UTC, datetime

dynamic = "force-dynamic"


async def GET() -> dict[str, datetime]:
    return {"made_at": datetime.now(UTC)}
