from edgeroutes import Request

from nextjs_functions._shared.handlers import with_meta


async def POST(request: Request):
    return with_meta({"body": await request.text()})
