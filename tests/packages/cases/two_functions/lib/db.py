import os
from sqlalchemy import create_engine


def engine():
    return create_engine(os.environ.get("DATABASE_URL", "postgresql+psycopg://u:p@127.0.0.1:9/x"))
