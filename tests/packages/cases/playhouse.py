# /// script
# dependencies = ["peewee"]
# ///
from playhouse.db_url import connect


def GET():
    return type(connect("sqlite:///:memory:")).__name__
