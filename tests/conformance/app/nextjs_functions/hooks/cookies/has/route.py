from edgeroutes import cookies


def GET():
    cookies().set("a", "a")
    return {"hasCookie": "a" in cookies()}
