from configparser import ConfigParser
from importlib import import_module


def GET():
    parser = ConfigParser()
    parser.read("plugins.ini")
    names = parser["plugins"]["names"].split(",")
    return [import_module(name.strip()).__name__ for name in [*names, *parser["plugins"]["more"].split()]]
