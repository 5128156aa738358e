# /// script
# dependencies = ["beautifulsoup4", "html5lib"]
# ///
from bs4 import BeautifulSoup


def GET():
    return str(BeautifulSoup("<p>a<p>b", "html5lib"))
