import fakeredis
from rq import Queue


def GET():
    queue = Queue(is_async=False, connection=fakeredis.FakeStrictRedis())
    return [queue.enqueue("lib.jobs.add", 1, 2).return_value()]
