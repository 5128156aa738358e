from nextjs_functions._shared.handlers import now

dynamic = "force-dynamic"


def GET():
    return now()
