from typing import Annotated, Literal

from edgeroutes import Query


def GET(q: str, page: int = 1, tag: Annotated[list[str], Query("tag")] = (), order: Literal["asc", "desc"] = "asc"):
    return {"q": q, "page": page, "tag": list(tag), "order": order}
