from mako.lookup import TemplateLookup
LOOKUP = TemplateLookup(directories=["templates"])


def GET():
    return [LOOKUP.get_template("x.mako").render()]
