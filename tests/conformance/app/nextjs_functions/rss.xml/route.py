from edgeroutes import Response

dynamic = "force-static"


def GET():
    return Response("<rss/>", headers={"Content-Type": "text/xml"})
