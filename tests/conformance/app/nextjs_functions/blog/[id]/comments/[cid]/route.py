def GET(params):
    return {"route": "blog/[id]/comments/[cid]", "params": params}
