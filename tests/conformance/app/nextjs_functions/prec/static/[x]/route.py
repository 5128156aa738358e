def GET(params):
    return {"route": "prec/static/[x]", "params": params}
