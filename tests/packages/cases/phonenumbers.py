# /// script
# dependencies = ["phonenumbers"]
# ///
import phonenumbers
from phonenumbers import geocoder


def GET():
    number = phonenumbers.parse("+493012345678")
    return [phonenumbers.region_code_for_number(number), geocoder.description_for_number(number, "de")]
