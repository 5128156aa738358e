from nextjs_functions._shared.handlers import now

dynamic = "force-static"


def GET(params):
    return {"params": params} | now()
