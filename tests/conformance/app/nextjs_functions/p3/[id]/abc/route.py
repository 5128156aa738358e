def GET(params):
    return {"route": "p3/[id]/abc", "params": params}
