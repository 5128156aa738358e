from edgeroutes import HTTPError, forbidden, unauthorized


def broken_stream():
    raise HTTPError(503, "not now")
    yield ""


def raised():
    raise ValueError("the secret is 42")


KINDS = {
    "raised": raised,
    "none": lambda: None,
    "tuple": lambda: ({"a": 1}, 201),
    "unauthorized": unauthorized,
    "forbidden": lambda: forbidden("not you"),
    "stream": broken_stream,
    "set": lambda: {1, 2},
}


def GET(kind: str):
    if kind == "retry":
        raise HTTPError(429, "slow down", headers={"Retry-After": "3"})
    if kind == "fields":
        raise HTTPError(422, errors=[{"field": "a", "message": "is wrong"}])
    return KINDS[kind]()
