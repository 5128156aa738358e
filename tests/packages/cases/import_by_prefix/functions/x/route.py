from importlib import import_module


def GET(kind: str = "card"):
    return {"value": import_module(f"lib.pay.{kind}").PRICE}
