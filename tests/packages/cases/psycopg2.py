# /// script
# dependencies = ["psycopg2-binary"]
# ///
import psycopg2


def GET():
    return psycopg2.paramstyle
