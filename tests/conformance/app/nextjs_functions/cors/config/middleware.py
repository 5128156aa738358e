from edgeroutes import HTTPError

ADDED = {"access-control-allow-origin": "*", "x-both": "config", "x-config": "1"}


async def middleware(request, call_next):
    try:
        response = await call_next(request)
    except Exception as error:
        raise HTTPError(500, headers=ADDED) from error
    response.headers.update(ADDED)
    return response
