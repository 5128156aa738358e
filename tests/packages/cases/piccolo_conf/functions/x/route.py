from piccolo.engine.finder import engine_finder


def GET():
    return type(engine_finder()).__name__
