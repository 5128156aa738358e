# /// script
# dependencies = ["redis[hiredis]"]
# ///
import redis
from redis.utils import HIREDIS_AVAILABLE


def GET():
    pool = redis.Redis().connection_pool
    return {"hiredis": HIREDIS_AVAILABLE, "parser": type(pool.make_connection()._parser).__name__}
