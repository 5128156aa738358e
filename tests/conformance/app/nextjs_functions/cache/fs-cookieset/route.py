from edgeroutes import cookies

dynamic = "force-static"


def GET():
    try:
        cookies().set("a", "1")
    except Exception as error:
        return str(error)
