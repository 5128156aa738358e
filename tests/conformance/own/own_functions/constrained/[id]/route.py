from dataclasses import dataclass, field
from typing import Annotated, NamedTuple, TypedDict

from edgeroutes import Body, Cookie, Header, Query, RouteContext


@dataclass
class Filters:
    limit: Annotated[int, Query(ge=1, le=100)] = 10
    tags: Annotated[list[str], Query("tag", max_length=2)] = field(default_factory=list)
    order: Annotated[str, Query(pattern="^(asc|desc)$")] = "asc"


class Point(NamedTuple):
    x: int
    y: int = 0


class Line(TypedDict):
    name: Annotated[str, Query(min_length=1)]
    points: Annotated[list[Point], Query(min_length=2)]


class Params(TypedDict):
    id: int


def GET(
    id: Annotated[int, Query(multiple_of=5)],
    filters: Annotated[Filters, Query()],
    context: RouteContext[Params],
    x_level: Annotated[int, Header(lt=3)] = 0,
    session: Annotated[str | None, Cookie(min_length=2)] = None,
):
    return {"id": [id, context.params["id"]], "filters": filters, "level": x_level, "session": session}


def POST(lines: list[Line]):
    return lines


def PUT(count: Annotated[int, Body(gt=0)]):
    return {"count": count}


async def PATCH(changes: dict[str, int]):
    return changes
