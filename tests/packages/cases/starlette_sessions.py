# /// script
# dependencies = ["starlette", "itsdangerous"]
# ///
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Route


def show(request):
    request.session["seen"] = True
    return JSONResponse(dict(request.session))


app = Starlette(routes=[Route("/{rest:path}", show)], middleware=[Middleware(SessionMiddleware, secret_key="x")])
