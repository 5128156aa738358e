import pkgutil
from importlib import import_module

from lib import plugins


def GET():
    names = [each.name for each in pkgutil.iter_modules(plugins.__path__)]
    return {name: import_module(f"lib.plugins.{name}").PRICE for name in sorted(names)}
