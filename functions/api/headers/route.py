"""Headers, read and set both ways."""

from typing import Annotated

from edgeroutes import Header, Request, Response, RouteContext, headers


async def GET(context: RouteContext) -> Response:
    """With the function `headers()`, from any code that the handler calls."""
    response = Response.json({"language": headers().get("accept-language", "en")})
    response.headers["x-request-id"] = context.request_id
    response.headers.add_vary("accept-language")
    return response


async def POST(request: Request, user_agent: Annotated[str, Header()] = "unknown") -> Response:
    """From the request, or as an argument: `user_agent` is the header `User-Agent`."""
    body = {"user_agent": user_agent, "accept": request.headers.getlist("accept")}
    return Response.json(body, headers=[("x-part", "one"), ("x-part", "two")])
