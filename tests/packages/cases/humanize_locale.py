# /// script
# dependencies = ["humanize"]
# ///
import humanize


def GET():
    humanize.i18n.activate("de_DE")
    return humanize.naturaldelta(3600)
