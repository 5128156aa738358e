# /// script
# dependencies = ["werkzeug", "markupsafe", "humanize"]
# ///
from werkzeug.utils import import_string


def GET():
    return import_string("humanize.number:intcomma")(1234567)
