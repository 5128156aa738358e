def GET(params):
    return {"route": "prec/[...all]", "params": params}
