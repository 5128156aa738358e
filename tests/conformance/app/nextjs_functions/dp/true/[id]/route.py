from nextjs_functions._shared.handlers import now

dynamic_params = True


def generate_static_params():
    return [{"id": "a"}, {"id": "b c"}]


def GET(params):
    return {"params": params} | now()
