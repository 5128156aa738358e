from celery import Celery


def GET():
    app = Celery("x", broker="memory://", backend="db+sqlite://")
    return type(app.backend).__name__
