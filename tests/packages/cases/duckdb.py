# /// script
# dependencies = ["duckdb"]
# ///
import duckdb


def GET():
    return {"value": duckdb.sql("select 41 + 1").fetchall()[0][0]}
