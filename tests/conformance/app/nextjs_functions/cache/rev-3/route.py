from nextjs_functions._shared.handlers import now

revalidate = 3


def GET():
    return now()
