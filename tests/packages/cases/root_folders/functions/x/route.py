from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from mako.lookup import TemplateLookup

JINJA = Environment(loader=FileSystemLoader("views"))
MAKO = TemplateLookup(directories=["mako_views"])


def GET():
    with open("data/x.json") as file:
        return [
            JINJA.get_template("mail/a.html").render(name="a"),
            MAKO.get_template("b.mako").render(name="b"),
            file.read().strip(),
            files("words_of").joinpath("de", "words.txt").read_text().strip(),
            sorted(each.name for each in Path("data").glob("*.csv")),
        ]
