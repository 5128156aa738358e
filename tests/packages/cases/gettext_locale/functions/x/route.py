import gettext


def GET():
    return gettext.translation("messages", "locale", ["de"], fallback=True).gettext("hello")
