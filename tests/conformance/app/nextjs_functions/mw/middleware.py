from edgeroutes import Response, redirect


async def middleware(request, call_next):
    match request.query_params.get("p"):
        case "respond":
            return Response("from proxy", 401, {"x-p": "1"})
        case "json":
            return Response.json({"a": 1}, 403)
        case "redirect":
            redirect("/basic/endpoint")
    response = await call_next(request.with_headers({"x-from-proxy": "yes"}))
    response.headers["x-proxy"] = "1"
    response.headers["x-res"] = "proxy"
    response.headers.add_vary("my-custom-header")
    response.cookies.set("pc", "1")
    return response
