from collections.abc import Iterator

from edgeroutes import CORS, Response

cors = CORS(
    ["https://app.example.com", "https://*.preview.example.com"],
    headers=["x-trace"],
    expose=["x-total"],
    credentials=True,
)


def GET(page: int = 1) -> Response:
    return Response.json({"page": page}, headers={"x-total": "1"})


def PUT() -> Iterator[str]:
    yield "one "
    yield "two"


def DELETE() -> None:
    raise RuntimeError("on purpose")
