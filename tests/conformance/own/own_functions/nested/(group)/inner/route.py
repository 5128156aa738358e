from collections.abc import Iterator

from edgeroutes import Request, not_found


def GET(request: Request) -> list[str]:
    if request.query_params.get("missing"):
        not_found()
    seen: list[str] = request.state.seen
    return seen


def POST() -> None:
    raise RuntimeError("on purpose")


def PUT(request: Request) -> Iterator[str]:
    yield from request.state.seen
