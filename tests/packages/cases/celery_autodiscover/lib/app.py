from celery import Celery
app = Celery("shop", broker="memory://")
app.config_from_object("lib.celeryconfig")
app.autodiscover_tasks(["lib.mail", "lib.pay"])
app.autodiscover_tasks(["lib.other"], related_name="jobs")
