# /// script
# dependencies = ["requests", "idna"]
# ///
from importlib.metadata import packages_distributions, version

import requests


def GET():
    return {
        "requests": version("requests"),
        "idna": packages_distributions()["idna"],
        "same": requests.__version__ == version("requests"),
    }
