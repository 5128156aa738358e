# /// script
# dependencies = ["python-json-logger"]
# ///
import logging
import logging.config
from io import StringIO

STREAM = StringIO()
CONFIG = {
    "version": 1,
    "formatters": {"json": {"class": "pythonjsonlogger.json.JsonFormatter"}},
    "handlers": {"h": {"class": "logging.StreamHandler", "formatter": "json", "stream": STREAM}},
    "loggers": {"shop": {"handlers": ["h"], "level": "INFO", "propagate": False}},
}


def GET():
    logging.config.dictConfig(CONFIG)
    logging.getLogger("shop").info("sold")
    return STREAM.getvalue().splitlines()[0]
