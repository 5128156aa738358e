from edgeroutes import Request, Response


async def POST(request: Request):
    return Response.stream(request.stream())
