from typing import Annotated

from edgeroutes import Cookie, Depends, Header, HTTPError, Request, redirect, unauthorized

log = []


def token(x_token: Annotated[str, Header()] = ""):
    log.append("token")
    if not x_token:
        unauthorized("send a token")
    return x_token


async def user(id: int, token: Annotated[str, Depends(token)], who: Annotated[str, Cookie()] = "nobody"):
    return {"id": id, "token": token, "who": who}


async def connection(token: Annotated[str, Depends(token)]):
    try:
        yield "open"
    except ValueError as error:
        raise HTTPError(409, str(error)) from error
    finally:
        log.append("closed")


CurrentUser = Annotated[dict[str, str], Depends(user)]
Connection = Annotated[str, Depends(connection)]


async def GET(user: CurrentUser, connection: Connection, page: int = 1):
    return {**user, "connection": connection, "page": page}


async def POST(connection: Connection, kind: str):
    if kind == "redirect":
        redirect("/hello")
    raise ValueError(kind)


async def PUT(request: Request, connection: Connection):
    yield connection
    yield f", closed: {'closed' in log}"


async def DELETE():
    found = list(log)
    log.clear()
    return found
