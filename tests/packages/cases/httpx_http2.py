# /// script
# dependencies = ["httpx[http2]"]
# ///
import httpx


def GET():
    with httpx.Client(http2=True) as client:
        return {"http2": client._transport._pool._http2}
