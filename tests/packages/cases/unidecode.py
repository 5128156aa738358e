# /// script
# dependencies = ["unidecode"]
# ///
from unidecode import unidecode


def GET():
    return unidecode("北京 café")
