"""An app that returns what it received."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgeroutes.adapters.proxy import LambdaHandler
    from tests.adapters.conftest import RouteProject

MIRROR = """
import json

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    request = await receive()
    names = ("method", "scheme", "path", "root_path", "client", "server", "path_params", "state", "http_version", "type", "asgi")
    seen = {name: scope[name] for name in names}
    seen["raw_path"] = scope["raw_path"].decode("ascii")
    seen["query_string"] = scope["query_string"].decode("ascii")
    seen["headers"] = [(name.decode("ascii"), value.decode("latin-1")) for name, value in scope["headers"]]
    seen["body"] = request["body"].decode("latin-1")
    seen["more_body"] = request["more_body"]
    seen["has_event"] = "aws.event" in scope and "aws.context" in scope
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(seen).encode()})
"""


def seen(handler: LambdaHandler, event: Any) -> dict[str, Any]:
    """What the mirror received."""
    result = handler(event)
    assert result["statusCode"] == 200, result
    response: dict[str, Any] = json.loads(result["body"])
    return response


def mirror(project: RouteProject, folder: str = "legacy/[[...path]]", **settings: Any) -> LambdaHandler:
    project.write(f"{folder}/route.py", MIRROR)
    return project.handler(**settings)
