# /// script
# dependencies = ["psycopg[binary]"]
# ///
import psycopg


def GET():
    return psycopg.pq.__impl__
