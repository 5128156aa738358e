import tomllib
from importlib import import_module
from pathlib import Path


def GET():
    names = tomllib.loads(Path("plugins.toml").read_text())["plugins"]
    return [import_module(name).__name__ for name in names]
