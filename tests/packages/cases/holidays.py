# /// script
# dependencies = ["holidays"]
# ///
import holidays


def GET():
    return holidays.country_holidays("DE", years=2026).get("2026-12-25")
