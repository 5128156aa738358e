"""GET /hello?name=Ada, and POST /hello with a greeting. The folder is the path, the function's name the method."""

from dataclasses import dataclass

from edgeroutes import Response


@dataclass
class Greeting:
    """The body that POST takes: JSON or a form. What does not fit is answered with 400, each field with its fault."""

    name: str
    excited: bool = False


async def GET(name: str = "world") -> dict[str, str]:
    """A parameter that is no part of the path is one of the query."""
    return {"message": f"Hello, {name}"}


async def POST(greeting: Greeting) -> Response:
    """A body is asked for by its type."""
    end = "!" if greeting.excited else "."
    return Response.json({"message": f"Hello, {greeting.name}{end}"}, status=201)
