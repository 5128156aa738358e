from edgeroutes import Request


async def GET(request: Request, params):
    return {"params": params, "path": request.url.path}
