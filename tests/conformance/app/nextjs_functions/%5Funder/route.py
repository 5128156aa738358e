def GET(params):
    return {"route": "%5Funder", "params": params}
