from nextjs_functions._shared.handlers import now

revalidate = False


def GET():
    return now()
