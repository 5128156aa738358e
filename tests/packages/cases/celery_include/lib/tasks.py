from celery import shared_task


@shared_task
def pay(n):
    return n
