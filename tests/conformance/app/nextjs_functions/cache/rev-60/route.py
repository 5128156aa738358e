from nextjs_functions._shared.handlers import now

revalidate = 60


def GET():
    return now()
