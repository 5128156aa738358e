# /// script
# dependencies = ["requests", "chardet"]
# ///
import requests


def GET():
    response = requests.Response()
    response._content = "grüße".encode("latin-1")
    return [requests.compat.chardet.__name__, response.text]
