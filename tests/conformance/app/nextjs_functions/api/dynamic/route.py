from edgeroutes import Request


async def GET(request: Request):
    return {"pathname": request.url.path, "query": dict(request.query_params)}
