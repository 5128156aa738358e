from base64 import b64decode

from edgeroutes import Request, Response


async def GET(request: Request):
    meta = b64decode(request.cookies["x-request-meta"]).decode()
    return Response("hello, world", headers={"x-request-meta": meta})
