# /// script
# dependencies = ["sqlalchemy", "duckdb-engine"]
# ///
from sqlalchemy import create_engine, text


def GET():
    with create_engine("duckdb:///:memory:").connect() as connection:
        return {"value": connection.execute(text("select 41 + 1")).scalar()}
