async def middleware(request, call_next):
    response = await call_next(request)
    response.headers["cache-control"] = "s-maxage=30"
    return response
