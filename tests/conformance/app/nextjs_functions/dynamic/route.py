from edgeroutes import Request, cookies, headers

dynamic = "force-static"


async def GET(request: Request):
    url = request.url
    return {
        "nextUrl": {"href": str(url), "search": url.query, "searchParams": request.query_params.get("query")},
        "req": {"url": str(url), "headers": request.headers.get("accept")},
        "headers": headers().get("accept"),
        "cookies": cookies().get("session"),
    }
