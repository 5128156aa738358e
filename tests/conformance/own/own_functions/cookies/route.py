from edgeroutes import HTTPError, Request, Response, cookies


async def GET(request: Request):
    return request.cookies


def POST():
    cookies().set("a", "1")
    cookies().set("b", "hello world", path="/b", http_only=True, secure=True, same_site="lax", max_age=60)
    response = Response("ok")
    response.cookies.set("c", "3", domain="example.org")
    return response


def DELETE():
    cookies().delete("a", path="/x", domain="example.org")
    return Response(status=204)


def PUT():
    cookies().set("a", "1")
    raise HTTPError(409, "taken")
