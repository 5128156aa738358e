# /// script
# dependencies = ["apispec", "marshmallow"]
# ///
from importlib import import_module

from apispec import APISpec

PLUGINS = ["apispec.ext.marshmallow.MarshmallowPlugin"]


def GET():
    made = []
    for each in PLUGINS:
        module, _, name = each.rpartition(".")
        made.append(getattr(import_module(module), name)())
    return list(APISpec("t", "1", "3.0.2", plugins=made).to_dict())
