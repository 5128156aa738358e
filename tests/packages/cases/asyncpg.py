# /// script
# dependencies = ["asyncpg"]
# ///
import asyncpg


def GET():
    return asyncpg.Record.__name__
