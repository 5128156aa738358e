# /// script
# dependencies = ["pymongo[srv]"]
# ///
from pymongo import uri_parser


def GET():
    try:
        uri_parser.parse_uri("mongodb+srv://a.b.c:27017")
    except Exception as error:
        return str(error)
