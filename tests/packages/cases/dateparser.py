# /// script
# dependencies = ["dateparser"]
# ///
import dateparser


def GET():
    return dateparser.parse("12. Dezember 2020", languages=["de"]).isoformat()
