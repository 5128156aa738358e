import pkgutil
from importlib import resources
from importlib.metadata import version
from pathlib import Path

import corp_rows
import lib.linked
from jinja2 import Environment, PackageLoader

ROOT = Path(__file__).resolve().parents[2]
templates = Environment(loader=PackageLoader("lib", "templates"))


def GET():
    return [
        resources.files("lib.sql").joinpath("q.sql").read_text(),
        pkgutil.get_data("lib.sql", "q.sql").decode(),
        templates.get_template("x.txt").render(n=1),
        version("rows"),
        version(corp_rows.__name__.replace("_", "-")),
        (ROOT / "config.yaml").read_text(),
        lib.linked.read(),
    ]
