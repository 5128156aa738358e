from edgeroutes import Request


async def GET(request: Request):
    return {"origin": request.url.origin, "hostname": request.url.hostname, "port": request.url.port}
