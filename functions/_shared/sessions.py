"""Sessions without a store: a signed token says who it is for and until when.

A token is `<user id>.<expiry>.<signature>`. Whoever holds it can read it; nobody without the secret can change it.
"""

import hmac
import time

from functions._shared import users
from functions._shared.models import User
from functions._shared.secrets import secret

COOKIE = "session"
LIFETIME_SECONDS = 8 * 60 * 60


def issue_token(user: User, lifetime_seconds: int = LIFETIME_SECONDS) -> str:
    """A token for this user."""
    claims = f"{user.id}.{int(time.time()) + lifetime_seconds}"
    return f"{claims}.{_signature(claims)}"


def read_token(token: str) -> User | None:
    """The user whom a token is for; None when it is forged, malformed or has expired, or its user is gone."""
    claims, _, signature = token.rpartition(".")
    # Compared in constant time: how long the answer takes must not tell how much of a guess was right.
    if not hmac.compare_digest(signature.encode(), _signature(claims).encode()):
        return None
    user_id, expires = claims.split(".")
    return users.find(int(user_id)) if int(expires) > time.time() else None


def _signature(claims: str) -> str:
    return hmac.new(secret("SESSION_SECRET_ARN"), claims.encode(), "sha256").hexdigest()
