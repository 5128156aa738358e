def GET():
    return "root"
