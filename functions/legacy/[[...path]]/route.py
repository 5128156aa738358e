"""A mounted application: it owns /legacy and everything below, with its own routing."""

import re

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route


async def home(_: Request) -> PlainTextResponse:
    return PlainTextResponse("The legacy application")


async def report(request: Request) -> JSONResponse:
    year = request.path_params["year"]
    if not re.fullmatch("[0-9]{1,4}", year):  # Starlette's `{year:int}` fails for a number of 5,000 digits
        raise HTTPException(404)
    return JSONResponse({"year": int(year), "url": str(request.url)})


app = Starlette(routes=[Route("/", home), Route("/reports/{year}", report)])
