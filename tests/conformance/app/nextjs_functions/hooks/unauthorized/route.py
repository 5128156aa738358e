from edgeroutes import unauthorized


def GET():
    unauthorized()
