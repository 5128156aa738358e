def GET():
    yield "one"
