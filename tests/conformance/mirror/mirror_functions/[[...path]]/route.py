from base64 import b64encode

from edgeroutes import Request


async def seen(request: Request, params):
    return {
        "method": request.method,
        "url": str(request.url),
        "path": request.url.path,
        "params": params,
        "query": request.query_params.multi_items(),
        "headers": request.headers.multi_items(),
        "cookies": request.cookies,
        "client": request.client.host if request.client else None,
        "body": b64encode(await request.body()).decode(),
    }


GET = POST = PUT = PATCH = DELETE = OPTIONS = seen
