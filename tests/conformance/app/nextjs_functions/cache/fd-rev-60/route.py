from nextjs_functions._shared.handlers import now

dynamic = "force-dynamic"
revalidate = 60


def GET():
    return now()
