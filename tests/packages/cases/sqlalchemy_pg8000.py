# /// script
# dependencies = ["sqlalchemy", "pg8000"]
# ///
from sqlalchemy import create_engine


def GET():
    engine = create_engine("postgresql+pg8000://u:p@127.0.0.1:9/db")
    return {"driver": engine.dialect.driver, "module": engine.dialect.dbapi.__name__}
