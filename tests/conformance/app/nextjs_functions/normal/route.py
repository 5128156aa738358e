from edgeroutes import Request, Response


async def GET(request: Request):
    message = f"Hello, {request.headers['user-agent']}!"
    return Response.json({"message": message}, headers={"Cache-Control": "s-maxage=3600", "Vary": "User-Agent"})
