"""Cookies, read and set both ways."""

from typing import Annotated

from edgeroutes import Cookie, Request, Response, cookies


async def GET(request: Request, theme: Annotated[str, Cookie()] = "light") -> dict[str, object]:
    """One cookie as an argument, all cookies from the request."""
    return {"theme": theme, "all": request.cookies}


async def PUT(theme: str) -> dict[str, str]:
    """With the function `cookies()`: set on whatever the handler returns, and readable at once."""
    cookies().set("theme", theme, max_age=3600)
    return {"theme": cookies()["theme"]}


async def POST(theme: str) -> Response:
    """On the response itself."""
    response = Response.json({"theme": theme}, status=201)
    response.cookies.set("theme", theme, path="/api", same_site="strict", http_only=True)
    response.cookies.set("seen", "yes")
    return response


async def DELETE() -> Response:
    cookies().delete("theme")
    return Response(status=204)
