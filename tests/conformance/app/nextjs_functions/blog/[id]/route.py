def GET(params):
    return {"route": "blog/[id]", "params": params}
