# /// script
# dependencies = ["pycountry"]
# ///
import pycountry


def GET():
    return pycountry.countries.get(alpha_2="DE").name
