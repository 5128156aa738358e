isolate = "admin"


def GET():
    return {}
