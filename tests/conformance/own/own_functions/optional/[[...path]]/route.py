def GET(params):
    return params
