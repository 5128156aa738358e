# /// script
# dependencies = ["arrow"]
# ///
import arrow


def GET():
    return arrow.get(2020, 12, 1).format("MMMM", locale="fr")
