from importlib.metadata import version


def GET():
    return version("shop")
