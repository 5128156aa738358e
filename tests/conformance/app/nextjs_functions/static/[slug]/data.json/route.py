from nextjs_functions._shared.handlers import now


def generate_static_params():
    return [{"slug": "first"}, {"slug": "second"}]


def GET(params):
    return {"params": params} | now()
