"""Every method that a route can export."""

from typing import Any

from edgeroutes import Request, Response


async def GET(name: str = "world") -> dict[str, str]:
    return {"message": f"Hello, {name}"}


# Without this function, HEAD responds like GET, without the body.
async def HEAD() -> Response:
    return Response(headers={"x-greeting": "hello"})


async def POST(request: Request) -> Response:
    return Response.json({"method": "POST", "received": await request.json()}, status=201)


async def PUT(request: Request) -> dict[str, Any]:
    return {"method": "PUT", "received": await request.json()}


async def PATCH(request: Request) -> dict[str, Any]:
    return {"method": "PATCH", "received": await request.json()}


async def DELETE() -> Response:
    return Response(status=204)


# Without this function, OPTIONS responds 204 with the same `Allow`.
async def OPTIONS() -> Response:
    return Response(
        status=204, headers={"allow": "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT", "x-greeting": "hello"}
    )
