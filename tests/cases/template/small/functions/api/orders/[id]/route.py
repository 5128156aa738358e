from lib.orders import update


def GET():
    return {}


def PUT(id: int):
    update(id)
    return {}
