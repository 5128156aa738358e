# /// script
# dependencies = ["certifi", "importlib-resources"]
# ///
from importlib_resources import files


def GET():
    return {"value": files("certifi").joinpath("cacert.pem").is_file()}
