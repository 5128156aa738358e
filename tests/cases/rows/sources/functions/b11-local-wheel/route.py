from shared_utils import V


def GET():
    return {"v": V}
