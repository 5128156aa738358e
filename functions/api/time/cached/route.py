"""Fresh for ten seconds. After that the CDN still serves the stale response at once, while it fetches a new one."""

from datetime import UTC, datetime

revalidate = 10


async def GET() -> dict[str, datetime]:
    return {"made_at": datetime.now(UTC)}
