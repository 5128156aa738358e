# /// script
# dependencies = ["sse-starlette"]
# ///
from sse_starlette import ServerSentEvent


def GET():
    return ServerSentEvent(data="x").encode().decode()
