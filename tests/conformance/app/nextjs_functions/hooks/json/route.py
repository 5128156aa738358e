import json

from edgeroutes import Request, Response


async def GET(request: Request):
    return Response.json(json.loads(request.headers["x-request-meta"]))
