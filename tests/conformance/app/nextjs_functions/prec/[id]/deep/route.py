def GET(params):
    return {"route": "prec/[id]/deep", "params": params}
