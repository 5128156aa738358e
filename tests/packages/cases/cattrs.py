# /// script
# dependencies = ["cattrs", "attrs"]
# ///
import cattrs
from attrs import define


@define
class Point:
    x: int


def GET():
    return cattrs.unstructure(cattrs.structure({"x": "1"}, Point))
