from edgeroutes import Request

dynamic = "force-static"


async def GET(request: Request):
    return {"pathname": request.url.path}
