# /// script
# dependencies = ["lark"]
# ///
from lark import Lark


def GET():
    return str(Lark("start: WORD\n%import common.WORD").parse("abc").children[0])
