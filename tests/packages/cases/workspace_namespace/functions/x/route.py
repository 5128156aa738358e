from importlib.metadata import version
from importlib.resources import files
import acme.core
import acme.extra.words


def GET():
    return [acme.core.NAME, acme.extra.words.read(), version("acme-core"), version("acme-extra"), files("acme.core").joinpath("d.json").read_text()]
