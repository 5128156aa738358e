from pathlib import Path
from string import Template
from lib.gen import render


def GET():
    return [render(), sorted(p.name for p in (Path(__file__).parent / "samples").iterdir())]
