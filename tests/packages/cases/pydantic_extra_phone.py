# /// script
# dependencies = ["pydantic-extra-types[phonenumbers]"]
# ///
from pydantic import BaseModel
from pydantic_extra_types.phone_numbers import PhoneNumber


class Contact(BaseModel):
    phone: PhoneNumber


def GET():
    return Contact(phone="+493012345678")
