from nextjs_functions._shared.handlers import now

dynamic_params = False


def generate_static_params():
    return []


def GET(params):
    return {"params": params} | now()
