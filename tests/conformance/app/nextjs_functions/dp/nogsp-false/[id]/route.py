from nextjs_functions._shared.handlers import now

dynamic_params = False


def GET(params):
    return {"params": params} | now()
