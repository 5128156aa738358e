# /// script
# dependencies = ["pydantic[email]"]
# ///
from pydantic import BaseModel, EmailStr


class Person(BaseModel):
    email: EmailStr


def GET():
    return Person(email="ada@example.com")
