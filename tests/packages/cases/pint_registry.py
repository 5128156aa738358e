# /// script
# dependencies = ["pint"]
# ///
from pint import UnitRegistry


def GET():
    return str(UnitRegistry()("3 km").to("m"))
