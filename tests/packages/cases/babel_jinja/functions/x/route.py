from jinja2 import Environment
from lib.texts import translations


def GET():
    environment = Environment(extensions=["jinja2.ext.i18n"])
    environment.install_gettext_translations(translations())
    return environment.from_string("{% trans %}hello{% endtrans %}").render()
