def GET(params):
    return {"route": "p3/[id]", "params": params}
