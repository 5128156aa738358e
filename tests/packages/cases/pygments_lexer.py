# /// script
# dependencies = ["pygments"]
# ///
from pygments import highlight
from pygments.formatters import get_formatter_by_name
from pygments.lexers import get_lexer_by_name


def GET():
    return highlight("x = 1", get_lexer_by_name("python"), get_formatter_by_name("html"))
