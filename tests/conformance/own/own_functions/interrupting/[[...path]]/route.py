"""An app whose sync endpoints end with edgeroutes' own errors and redirects."""

import asyncio

from edgeroutes import HTTPError, not_found, redirect
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route


async def work():
    return "done"


def missing(request):
    not_found("nobody")


async def refused(request):
    raise HTTPError(409, "taken", headers={"x-by": "app"})


def moved(request):
    redirect("/hello")


def run(request):
    return PlainTextResponse(asyncio.run(work()))


def broken(request):
    raise ValueError("broken")


app = Starlette(routes=[Route(f"/{each.__name__}", each) for each in (missing, refused, moved, run, broken)])
