# /// script
# dependencies = ["starlette", "jinja2"]
# ///
from starlette.templating import Jinja2Templates


def GET():
    templates = Jinja2Templates(directory="/nowhere")
    return templates.env.from_string("{{ 1 + 1 }}").render()
