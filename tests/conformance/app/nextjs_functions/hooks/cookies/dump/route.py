from edgeroutes import Request


async def GET(request: Request):
    return {"req": [{"name": name, "value": value} for name, value in request.cookies.items()]}
