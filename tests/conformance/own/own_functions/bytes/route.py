from edgeroutes import Request, Response


def GET():
    return bytes(range(256))


async def POST(request: Request):
    return Response(await request.body(), headers={"Content-Type": request.headers["content-type"]})
