"""What other frameworks have, and values that JSON has only as text."""

from __future__ import annotations

from collections.abc import AsyncIterator  # noqa: TC003  # the annotations are read when it runs
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from edgeroutes import Response, Status, headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse
from starlette.responses import Response as StarletteResponse

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


@dataclass
class Out:
    id: int


class Own(StarletteResponse):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # Starlette's signature
        sent = [(b"x-method", scope["method"].encode()), (b"x-path", scope["path"].encode())]
        await send({"type": "http.response.start", "status": 203, "headers": sent})
        await send({"type": "http.response.body", "body": b"own"})


async def GET(kind: str) -> Any:
    match kind:
        case "mapping":
            return headers()
        case "keys":
            return {UUID(int=1): {date(2026, 1, 2): 1}}
        case "events":
            return Response.sse([{"event": "on_end", "run": 1}, {"event": "tick", "data": 1}], heartbeat_seconds=None)
        case "exception":
            raise HTTPException(429, "slow down", {"Retry-After": "3"})
        case "file":
            return FileResponse(Path(__file__).with_name("data.txt"), media_type="application/octet-stream")
        case "own":
            return Own()
        case _:
            return Response(None, 404)


async def PUT() -> Annotated[list[Out], Status(201)]:
    return [{"id": "1", "password": "secret"}]  # type: ignore[list-item]  # what does not fit is converted or left out


async def POST() -> AsyncIterator[Out]:
    yield {"id": 1, "password": "secret"}  # type: ignore[misc]  # as above


async def DELETE() -> Out:
    return {"password": "secret"}  # type: ignore[return-value]  # it has no id
