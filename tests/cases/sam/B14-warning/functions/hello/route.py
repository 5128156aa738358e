import importlib


def GET(name: str):
    return str(importlib.import_module(name))
