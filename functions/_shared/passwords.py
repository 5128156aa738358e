"""Passwords, stored as a slow salted hash: `<salt>$<hash>`, in hexadecimal digits."""

import hmac
from hashlib import scrypt
from secrets import token_bytes

from functions._shared import users
from functions._shared.models import User

# The hash for an unknown address. No password matches it.
_NOBODYS = f"{bytes(8).hex()}${bytes(32).hex()}"


def hash_password(password: str) -> str:
    """The salted hash of a password."""
    salt = token_bytes(8)
    return f"{salt.hex()}${_hash(password, salt).hex()}"


def authenticate(email: str, password: str) -> User | None:
    """The user with this address and password, or None.

    The hash is computed for unknown addresses too, so that the response time does not reveal which ones exist.
    """
    found = users.find_credentials(email)
    user, stored = found or (None, "")
    salt, _, expected = (stored or _NOBODYS).partition("$")
    is_right = hmac.compare_digest(_hash(password, bytes.fromhex(salt)), bytes.fromhex(expected))
    return user if is_right else None


def _hash(password: str, salt: bytes) -> bytes:
    return scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)
