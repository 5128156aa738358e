from nextjs_functions._shared.handlers import now

revalidate = 31_536_000


def GET():
    return now()
