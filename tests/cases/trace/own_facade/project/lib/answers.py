import edgeroutes


def answer() -> "edgeroutes.Unknown":
    return edgeroutes.Response()
