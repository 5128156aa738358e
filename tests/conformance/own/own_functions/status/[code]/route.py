from edgeroutes import Response


def GET(code: int):
    return Response(status=code)
