from opentelemetry.instrumentation.sqlite3 import SQLite3Instrumentor


def GET():
    return {"value": SQLite3Instrumentor.__name__}
