from pkgutil import resolve_name

HANDLERS = {"a": "lib.handlers.first:run", "b": "lib.handlers.second.run"}


def GET():
    return [resolve_name(each)() for each in HANDLERS.values()]
