from base64 import b64decode

from edgeroutes import Request, Response


async def POST(request: Request):
    told = await request.json()
    body = b64decode(told["body"])
    return Response(body, told["status"], [(name, value) for name, value in told["headers"]])
