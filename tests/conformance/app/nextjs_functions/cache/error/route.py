from nextjs_functions._shared.handlers import now

dynamic = "error"


def GET():
    return now()
