from edgeroutes import Response


async def letters():
    for letter in "abc":
        yield letter


def chunks():
    yield b"\x00\xff"
    yield b"\x01"


def nothing():
    yield from ()


def items():
    yield {"n": 1}
    yield {"n": "\u2713"}


KINDS = {
    "text": letters,
    "bytes": chunks,
    "empty": nothing,
    "ndjson": lambda: Response.ndjson(items()),
    "array": lambda: Response.json_array(items()),
    "none": lambda: Response.json_array([]),
    "sse": lambda: Response.sse(["a", {"event": "tick", "id": 1, "data": {"n": 1}}]),
}


def GET(kind: str):
    return KINDS[kind]()
