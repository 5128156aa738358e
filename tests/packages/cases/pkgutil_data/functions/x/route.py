import pkgutil


def GET():
    return pkgutil.get_data("lib.texts", "data/hi.txt").decode()
