import docopt


def GET():
    return docopt.docopt("Usage: run <name>", ["ada"])["<name>"]
