from edgeroutes import Response


def GET():
    headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache, no-transform"}
    return Response.sse((str(number) for number in range(3)), headers=headers)
