# /// script
# dependencies = ["celery[redis]"]
# ///
from celery import Celery


def GET():
    app = Celery("x", broker="redis://127.0.0.1:9", backend="redis://127.0.0.1:9")
    return {"backend": type(app.backend).__name__, "transport": app.connection().transport_cls}
