from sqlalchemy import create_engine


def GET():
    return create_engine("postgresql+psycopg://u@127.0.0.1/db").dialect.dbapi.pq.__impl__
