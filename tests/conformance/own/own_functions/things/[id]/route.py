from edgeroutes import Request, Response, not_found


def GET(id: int):
    if id == 404:
        not_found("there is no such thing")
    return {"id": id}


async def PUT(id: int, request: Request):
    return {"id": id, "changes": await request.json()}


def DELETE(id: int):
    return Response(status=204)
