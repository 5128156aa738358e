import importlib

importlib.import_module(f"lib.plugins.{__name__}")


def import_module(name): ...
