from importlib.resources import files


def GET():
    return files("lib.sql").joinpath("find.sql").read_text()
