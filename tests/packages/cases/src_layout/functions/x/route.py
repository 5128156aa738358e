from shop.prices import PRICE


def GET():
    return {"value": PRICE}
