async def GET():
    yield "one "
    yield "two"
