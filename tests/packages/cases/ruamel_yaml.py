# /// script
# dependencies = ["ruamel.yaml"]
# ///
from ruamel.yaml import YAML


def GET():
    return dict(YAML().load("a: 1"))
