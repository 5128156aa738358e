from edgeroutes import cookies

revalidate = 60


def GET():
    return dict(cookies())
