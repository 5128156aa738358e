"""An application that was there before: it owns /legacy and everything below, and keeps its own routing."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route


async def home(_: Request) -> PlainTextResponse:
    return PlainTextResponse("The legacy application")


async def report(request: Request) -> JSONResponse:
    return JSONResponse({"year": request.path_params["year"], "url": str(request.url)})


app = Starlette(routes=[Route("/", home), Route("/reports/{year:int}", report)])
