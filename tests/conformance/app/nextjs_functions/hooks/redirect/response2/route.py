from edgeroutes import Request, Response

STATUSES = {"301": 301, "std303": 303}


async def GET(request: Request, m: str):
    if m in ("rel", "stdrel"):
        return Response.redirect("/x")
    if m == "manual":
        return Response(None, 302, {"Location": "/x"})
    target = f"{request.url.origin}/x"
    return Response.redirect(target, STATUSES[m]) if m in STATUSES else Response.redirect(target)
