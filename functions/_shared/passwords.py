"""Passwords, of which only a slow salted hash is kept."""

import hmac
from hashlib import scrypt

from functions._shared.models import User
from functions._shared.store import users

# Everyone's password in the example is "edge". Yours come from the store, each with a salt of its own.
_SALT = bytes.fromhex("6d0a3d2b9c5f41e8")
_HASH = bytes.fromhex("30850154abc5caf27d7b1528e499339817da1605e68a19fe955985772914f259")


def authenticate(email: str, password: str) -> User | None:
    """The user with this address and password, or None.

    The hash is computed for unknown addresses too, so that the time of the answer does not tell which ones exist.
    """
    user = next((user for user in users.all() if user.email == email), None)
    is_right = hmac.compare_digest(scrypt(password.encode(), salt=_SALT, n=2**14, r=8, p=1, dklen=32), _HASH)
    return user if is_right else None
