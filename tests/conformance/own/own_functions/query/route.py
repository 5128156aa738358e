from edgeroutes import Request


async def GET(request: Request):
    return {name: request.query_params.getlist(name) for name in request.query_params}
