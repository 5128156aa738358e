# /// script
# dependencies = ["beautifulsoup4", "lxml"]
# ///
from bs4 import BeautifulSoup


def GET():
    return str(BeautifulSoup("<p>a<p>b", "lxml"))
