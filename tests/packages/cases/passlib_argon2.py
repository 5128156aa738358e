# /// script
# dependencies = ["passlib[argon2]"]
# ///
from passlib.context import CryptContext


def GET():
    context = CryptContext(schemes=["argon2"])
    return {"value": context.verify("x", context.hash("x"))}
