from edgeroutes import forbidden


def GET():
    forbidden()
