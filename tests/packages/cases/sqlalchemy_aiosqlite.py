# /// script
# dependencies = ["sqlalchemy[asyncio]", "aiosqlite"]
# ///
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine


async def GET():
    engine = create_async_engine("sqlite+aiosqlite://")
    async with engine.connect() as connection:
        found = (await connection.execute(text("select 41 + 1"))).scalar()
    await engine.dispose()
    return {"value": found}
