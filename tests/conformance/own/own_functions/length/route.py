from edgeroutes import Response


def HEAD():
    return Response(None, headers={"content-length": "1234"})
