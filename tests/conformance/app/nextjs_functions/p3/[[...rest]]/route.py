def GET(params):
    return {"route": "p3/[[...rest]]", "params": params}
