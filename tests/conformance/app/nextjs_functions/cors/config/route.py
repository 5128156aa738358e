from edgeroutes import Response


def GET():
    headers = {"x-both": "handler", "x-handler": "1", "Access-Control-Allow-Origin": "handler"}
    return Response.json({"ok": 1}, headers=headers)


def POST():
    raise RuntimeError("the handler broke")
