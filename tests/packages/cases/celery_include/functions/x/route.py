from celery import Celery

queue = Celery("shop", include=["lib.tasks"])


def GET():
    queue.loader.import_default_modules()
    return sorted(name for name in queue.tasks if name.startswith("lib."))
