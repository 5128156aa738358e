def GET():
    return "hello, world"


POST = GET
