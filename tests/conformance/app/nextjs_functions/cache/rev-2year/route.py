from nextjs_functions._shared.handlers import now

revalidate = 63_072_000


def GET():
    return now()
