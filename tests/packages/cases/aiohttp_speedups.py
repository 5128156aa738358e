# /// script
# dependencies = ["aiohttp[speedups]"]
# ///
from aiohttp.compression_utils import HAS_BROTLI
from aiohttp.resolver import aiodns


def GET():
    return {"dns": aiodns is not None, "brotli": HAS_BROTLI}
