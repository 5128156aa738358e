# /// script
# dependencies = ["certifi", "markupsafe"]
# ///
from importlib.metadata import files


def GET():
    pem = next(each for each in files("certifi") if each.suffix == ".pem")
    return [str(pem), pem.locate().stat().st_size > 9, sorted(each.suffix for each in files("markupsafe") if each.suffix == ".so")]
