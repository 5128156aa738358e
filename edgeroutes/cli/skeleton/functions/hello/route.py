"""/hello: a folder is a path, a function called like a method answers it."""

from dataclasses import dataclass

from edgeroutes import Response


@dataclass
class Greeting:
    """What POST takes, as JSON or a form; each field that does not fit is a 400."""

    name: str
    excited: bool = False


async def GET(name: str = "world") -> dict[str, str]:
    """A parameter that is no part of the path is one of the query: ?name=Ada."""
    return {"message": f"Hello, {name}"}


async def POST(greeting: Greeting) -> Response:
    """A body is asked for by its type."""
    end = "!" if greeting.excited else "."
    return Response.json({"message": f"Hello, {greeting.name}{end}"}, status=201)
