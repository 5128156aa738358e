from edgeroutes import Response


def GET():
    return Response("hello, world", headers={"x-from": "get", "Content-Type": "text/x-h"})
