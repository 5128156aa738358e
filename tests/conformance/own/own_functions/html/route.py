from edgeroutes import Response


def GET():
    return Response.html("<p>\u2713 \U0001f600</p>")
