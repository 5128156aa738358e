# /// script
# dependencies = ["jinja2", "jinja2-time"]
# ///
from jinja2 import Environment


def GET():
    return Environment(extensions=["jinja2.ext.do", "jinja2_time.TimeExtension"]).from_string("{% do [] %}a").render()
