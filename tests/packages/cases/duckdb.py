# /// script
# dependencies = ["duckdb"]
# ///
import duckdb


def GET():
    return {"value": duckdb.sql("select 41 + 1").fetchone()[0]}
