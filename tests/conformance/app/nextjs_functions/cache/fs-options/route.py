from nextjs_functions._shared.handlers import now

dynamic = "force-static"


def GET():
    return now()


OPTIONS = GET
