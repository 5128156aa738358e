import importlib


def load(name, locale):
    importlib.import_module(f"lib.named.{name}")
    importlib.import_module("lib.kinds." + name + ".handlers")
    importlib.import_module(".%s" % locale, "lib.locales")
    print(f"lib.{name}", f"{name}.lib", f"https://example.com/{name}")
