import lib.databse
import yaml
from . import schema
from .schema import X
from .... import above
from lib import nothing
from plain import attribute


def GET():
    import plane
