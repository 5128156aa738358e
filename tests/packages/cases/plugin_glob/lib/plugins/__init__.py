from importlib import import_module
from pathlib import Path


def load():
    files = sorted(Path(__file__).parent.glob("*.py"))
    return {file.stem: import_module("." + file.stem, __package__).PRICE for file in files if file.stem != "__init__"}
