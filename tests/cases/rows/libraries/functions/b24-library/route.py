from corp_rows.web import events, number


async def GET(request):
    if request.query_params.get("number"):
        return await number()
    return events()
