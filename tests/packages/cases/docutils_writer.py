# /// script
# dependencies = ["docutils"]
# ///
from docutils.core import publish_parts


def GET():
    return publish_parts("*a*", writer="html5")["body"].strip()
