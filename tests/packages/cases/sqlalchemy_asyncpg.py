# /// script
# dependencies = ["sqlalchemy", "asyncpg"]
# ///
from sqlalchemy import create_engine


def GET():
    engine = create_engine("postgresql+asyncpg://u:p@127.0.0.1:9/db")
    return {"driver": engine.dialect.driver, "module": type(engine.dialect.dbapi).__name__}
