# /// script
# dependencies = ["uvicorn[standard]"]
# ///
from uvicorn.protocols.http.auto import AutoHTTPProtocol
from uvicorn.protocols.websockets.auto import AutoWebSocketsProtocol


def GET():
    return [AutoHTTPProtocol.__name__, AutoWebSocketsProtocol.__name__]
