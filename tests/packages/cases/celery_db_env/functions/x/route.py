import os

from celery import Celery


def GET():
    app = Celery("x", broker="memory://", backend=os.environ.get("RESULTS") or open("backend.txt").read().strip())
    return type(app.backend).__name__
