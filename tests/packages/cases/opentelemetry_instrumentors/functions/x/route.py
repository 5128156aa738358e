import sqlite3

from opentelemetry.instrumentation.auto_instrumentation import initialize

initialize()


def GET():
    return {"value": type(sqlite3.connect).__name__}
