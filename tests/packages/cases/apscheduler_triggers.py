# /// script
# dependencies = ["apscheduler<4"]
# ///
from apscheduler.schedulers.background import BackgroundScheduler


def GET():
    job = BackgroundScheduler(timezone="UTC").add_job(print, "interval", minutes=5)
    return str(job.trigger)
