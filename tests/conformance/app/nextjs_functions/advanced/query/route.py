from edgeroutes import Request

from nextjs_functions._shared.handlers import with_meta


async def GET(request: Request):
    return with_meta(dict(request.query_params))
