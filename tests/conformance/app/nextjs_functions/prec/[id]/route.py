def GET(params):
    return {"route": "prec/[id]", "params": params}
