import ctypes.util

ctypes.util.find_library = lambda name: None  # Lambda has no libpq
import sqlalchemy


def GET():
    dialect = sqlalchemy.create_engine("postgresql+psycopg://host/name").dialect
    return [dialect.driver, dialect.dbapi.pq.__impl__]
