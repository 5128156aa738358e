from edgeroutes import Request, Response, headers


async def GET(request: Request):
    seen = {"h": request.headers.get("x-from-proxy"), "h2": headers().get("x-from-proxy")}
    return Response.json(seen, headers={"x-res": "handler", "vary": "User-Agent"})
