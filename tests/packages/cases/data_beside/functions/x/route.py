import json
from pathlib import Path


def GET():
    return json.loads((Path(__file__).parent / "prices.json").read_text())
