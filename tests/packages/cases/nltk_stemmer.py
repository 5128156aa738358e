# /// script
# dependencies = ["nltk"]
# ///
from nltk.stem import PorterStemmer


def GET():
    return PorterStemmer().stem("packages")
