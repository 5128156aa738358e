import logging
import logging.config

from lib.settings import LOGGING


def GET():
    logging.config.dictConfig(LOGGING)
    return type(logging.getLogger("shop").handlers[0].formatter).__name__
