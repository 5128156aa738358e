def GET(params):
    return {"route": "blog/abc/[id]", "params": params}
