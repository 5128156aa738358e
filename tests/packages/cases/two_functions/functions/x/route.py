from lib.report import table
from lib.db import engine
from lib.token import sign


def GET():
    return [table(), engine().dialect.driver, sign()]
