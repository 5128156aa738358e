"""Computed once, cached until it is revalidated. The same for everyone, so headers are empty under `force-static`."""

from datetime import UTC, datetime

from edgeroutes import headers

dynamic = "force-static"


async def GET() -> dict[str, object]:
    return {"made_at": datetime.now(UTC), "headers_seen": len(headers())}
