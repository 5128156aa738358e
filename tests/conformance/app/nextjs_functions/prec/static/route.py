def GET(params):
    return {"route": "prec/static", "params": params}
