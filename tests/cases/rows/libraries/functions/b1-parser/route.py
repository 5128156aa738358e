from bs4 import BeautifulSoup


def GET():
    return BeautifulSoup("<p>hi</p>", "lxml").p.text
