def GET():
    return {"hello": "world"}
