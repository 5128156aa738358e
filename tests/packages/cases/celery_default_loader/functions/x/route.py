from celery import current_app


def GET():
    return current_app.conf.task_default_queue
