# /// script
# dependencies = ["babel"]
# ///
from babel.numbers import format_currency


def GET():
    return format_currency(1234.5, "EUR", locale="de_DE")
