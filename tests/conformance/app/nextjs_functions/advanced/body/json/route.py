from edgeroutes import Request

from nextjs_functions._shared.handlers import with_meta


async def POST(request: Request):
    return with_meta({"body": await request.json()})


async def DELETE(request: Request):
    return f"delete {(await request.json())['name']}"


async def OPTIONS(request: Request):
    return f"options {(await request.json())['name']}"
