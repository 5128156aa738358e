from edgeroutes import Response

revalidate = 60


def GET():
    return Response("ok", headers={"Cache-Control": "public, max-age=7"})
