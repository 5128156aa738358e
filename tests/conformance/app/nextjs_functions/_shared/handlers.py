"""The handlers that several of Next.js' fixtures share."""

import json
import time

from edgeroutes import Request, Response, permanent_redirect, redirect

TARGET = "/redirect-target?success=true"


async def hello(request: Request) -> Response:
    meta = {"method": request.method, "params": request.path_params or None, "pathname": request.url.path}
    return Response("hello, world", headers={"x-request-meta": json.dumps(meta)})


def with_meta(meta: object) -> Response:
    return Response("hello, world", headers={"x-request-meta": json.dumps(meta)})


def now() -> dict[str, float]:
    return {"now": time.time()}


async def redirect_to_target(request: Request) -> None:
    redirect(f"{request.url.origin}{TARGET}")


async def permanently_redirect_to_target(request: Request) -> None:
    permanent_redirect(f"{request.url.origin}{TARGET}")
