"""Sessions: a signed token contains the user and the expiry, and the user's item decides whether it is still valid.

A token is `<user id>.<generation>.<expiry>.<signature>`. Its owner can read it; nobody without the secret can change it. The
generation belongs to the user: signing out and a new password increase it, which ends all of the user's sessions.
"""

import hmac
import time

from edgeroutes import Request, forbidden, unauthorized
from functions._shared import users
from functions._shared.models import User
from functions._shared.secrets import secret

LIFETIME_SECONDS = 8 * 60 * 60
_READING = ("GET", "HEAD")


def signed_in(request: Request) -> User:
    """The user who sends the request; 401 without a session, 403 if a page of another site sends it."""
    if request.method not in _READING:
        refuse_cross_site(request)
    return find_user(request) or unauthorized("sign in at /api/auth/session")


def member(request: Request) -> User:
    """As `signed_in`, and 403 for users without a team: anybody can become a user, and only you put users into teams."""
    user = signed_in(request)
    return user if user.teams else forbidden("only members of a team may do this")


def find_user(request: Request) -> User | None:
    """The user of the request's session; None if it is forged, malformed, expired or ended, or the user is deleted."""
    claims, _, signature = request.cookies.get(cookie_name(request), "").rpartition(".")
    # Compared in constant time, so that the response time does not reveal how much of a guess is right.
    if not hmac.compare_digest(signature.encode(errors="replace"), _signature(claims).encode()):
        return None
    numbers = [int(claim) for claim in claims.split(".") if claim.isdecimal()]
    if len(numbers) != 3 or numbers[2] <= time.time():
        return None
    found = users.find_with_generation(numbers[0])
    return found[0] if found and found[1] == numbers[1] else None


def refuse_cross_site(request: Request) -> None:
    """403 for a request that a page of another site makes a browser send: it could sign the visitor in as somebody else.

    Every browser since 2023 sends `Sec-Fetch-Site`, older ones `Origin`. Programs send neither, and have no cookies to abuse.
    """
    site = request.headers.get("sec-fetch-site")
    if site is None:
        is_own = request.headers.get("origin", request.url.origin) == request.url.origin
    else:
        is_own = site in ("same-origin", "none")
    if not is_own:
        forbidden("a page of another site sent this request")


def cookie_name(request: Request) -> str:
    """With `__Host-`, browsers accept the cookie from this host only, over https. `make dev` has no https."""
    return "__Host-session" if request.url.scheme == "https" else "session"


def issue_token(user: User, lifetime_seconds: int = LIFETIME_SECONDS) -> str:
    """A token for this user."""
    _, generation = users.find_with_generation(user.id) or (user, 0)
    claims = f"{user.id}.{generation}.{int(time.time()) + lifetime_seconds}"
    return f"{claims}.{_signature(claims)}"


def _signature(claims: str) -> str:
    return hmac.new(secret("SESSION_SECRET_ARN"), claims.encode(errors="replace"), "sha256").hexdigest()
