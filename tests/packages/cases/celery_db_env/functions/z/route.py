import sqlalchemy


def GET():
    return sqlalchemy.__version__
