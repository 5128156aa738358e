from nextjs_functions._shared.handlers import now

revalidate = 60


def GET(params):
    return {"params": params} | now()
