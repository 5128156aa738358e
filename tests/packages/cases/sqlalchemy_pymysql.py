# /// script
# dependencies = ["sqlalchemy", "pymysql"]
# ///
import os

from sqlalchemy import create_engine


def GET():
    engine = create_engine(os.environ.get("DATABASE_URL", "mysql+pymysql://u@127.0.0.1/db"))
    return engine.dialect.dbapi.__name__
