from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect


def GET():
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        config = Config("alembic.ini")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return [inspect(connection).get_table_names()]
