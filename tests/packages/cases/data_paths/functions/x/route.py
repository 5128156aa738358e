from importlib import resources
from pathlib import Path
import csv
import sqlite3
import os.path
import lib.data
import lib
from lib.loader import load
HERE = os.path.dirname(os.path.abspath(__file__))


def GET():
    with resources.as_file(resources.files("lib.data") / "nested" / "a.csv") as path:
        rows = list(csv.reader(path.open()))
    b = resources.files(lib).joinpath("sql/q.sql").read_text()
    c = resources.read_text("lib.data", "b.txt")
    d = Path(lib.data.__file__).parent.joinpath("nested/deeper/c.bin").read_bytes().hex()
    e = open(os.path.join(HERE, "near.json")).read()
    f = sorted(p.name for p in resources.files("lib.data").iterdir() if not p.name.startswith("__"))
    return [rows, b, c, d, e, f, load(), Path("assets/logo.svg").read_text()]
