from importlib import import_module

PLUGINS = """
audit
humanize
"""


def GET():
    return [import_module(name).__name__ for name in PLUGINS.split()]
