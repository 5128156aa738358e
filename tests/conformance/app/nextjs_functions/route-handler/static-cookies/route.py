from edgeroutes import Response


def GET():
    response = Response()
    response.cookies.set("theme", "light")
    response.cookies.set("my_company", "ACME")
    return response
