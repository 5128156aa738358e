import runpy
from pathlib import Path


def GET():
    a = runpy.run_module("lib.job")["RESULT"]
    b = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "one.py"))["RESULT"]
    c = runpy.run_path("scripts/two.py")["RESULT"]
    return [a, b, c]
