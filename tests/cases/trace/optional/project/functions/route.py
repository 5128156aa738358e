import sys
from contextlib import suppress

try:
    import orjson
except ImportError:
    from lib import fallback
else:
    import orjson.extra

try:
    import nowhere
except ValueError:
    pass

with suppress(ModuleNotFoundError):
    import ujson

if sys.version_info >= (3, 99):
    import later
else:
    from lib import now


def GET():
    try:
        import redis
    except (KeyError, ImportError):
        redis = None
