from nextjs_functions._shared.handlers import now

dynamic = "force-static"
revalidate = 0


def GET():
    return now()
