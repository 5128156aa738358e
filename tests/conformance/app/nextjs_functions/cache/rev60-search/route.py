from edgeroutes import Request

revalidate = 60


async def GET(request: Request):
    return dict(request.query_params)
