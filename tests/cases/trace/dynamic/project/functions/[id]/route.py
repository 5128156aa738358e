import importlib
from importlib import import_module as load

from lib import registry

importlib.import_module("lib.plugins.a")


def GET(id):
    load(".b", package="lib.plugins")
    __import__("lib.plugins.c")
    load(".beside", package=__package__)
    load(id)
    importlib.util.find_spec("lib.plugins.named_in_a_string")
    registry.import_module("lib.plugins.named_in_a_string")
