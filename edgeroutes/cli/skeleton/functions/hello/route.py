"""/hello: the folder is the path, and a function named after a method handles it."""

from dataclasses import dataclass

from edgeroutes import Response


@dataclass
class Greeting:
    """The body of POST, as JSON or a form; an invalid field is a 400."""

    name: str
    excited: bool = False


async def GET(name: str = "world") -> dict[str, str]:
    """A parameter that is not in the path is a query parameter: ?name=Ada."""
    return {"message": f"Hello, {name}"}


async def POST(greeting: Greeting) -> Response:
    """The annotation reads and validates the body."""
    end = "!" if greeting.excited else "."
    return Response.json({"message": f"Hello, {greeting.name}{end}"}, status=201)
