from edgeroutes import Response


def failing(*texts):
    yield from texts
    raise RuntimeError("the stream broke")


def GET(m: str):
    return Response.stream(failing() if m == "errfirst" else failing("part1"), headers={"x-a": "1"})
