from lib.plugins import load


def GET():
    return load()
