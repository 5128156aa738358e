"""Not lib.in_docstring, and # not lib.in_comment."""
import logging.config

logging.getLogger("lib.in_label")
site = 1
LOGGING = {"lib.in_key": {"class": "lib.logs.JsonFormatter"}, "()": "lib.handlers:make"}
logging.config.dictConfig(LOGGING)
WORD = "word"
NOTHING = ["lib.nowhere", "lib", "json.decoder", "unknown.module"]


def start(celery):
    celery.config(include=["tasks"])
    celery.autodiscover_tasks(["lib.jobs"])
