from edgeroutes import Response, headers


def GET():
    return Response("hello, world", headers={"x-request-meta": headers()["x-request-meta"]})
