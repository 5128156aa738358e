from edgeroutes import Request, Response


async def GET(request: Request):
    return {"bodyNull": await request.body() == b"", "text": await request.text()}


async def POST(request: Request, kind: str):
    if kind == "clone":
        return {"a": await request.text(), "b": await request.text()}
    form = await request.form()
    return Response.json([[name, value] for name, value in form.multi_items()])
