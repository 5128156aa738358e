def GET(params):
    return {"route": "prec", "params": params}
