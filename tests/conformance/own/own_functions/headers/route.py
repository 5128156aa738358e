from edgeroutes import Request, Response


async def GET(request: Request):
    return {
        name: [part.strip() for part in request.headers[name].split(",")]
        for name in request.headers
        if name[:2] == "x-"
    }


def POST():
    response = Response("ok", headers={"Content-Length": "999", "Transfer-Encoding": "chunked", "X-One": "1"})
    response.headers.append("link", "<a>; rel=x")
    response.headers.append("link", "<b>; rel=y")
    response.headers["x-latin"] = "caf\u00e9"
    return response
