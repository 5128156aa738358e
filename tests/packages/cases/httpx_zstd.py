# /// script
# dependencies = ["httpx", "zstandard", "brotli"]
# ///
import httpx


def GET():
    return httpx.Client().headers["accept-encoding"]
