"""Sign in, read the session, sign out. Scripts and other sites cannot read the cookie."""

from dataclasses import dataclass

from edgeroutes import Request, Response, cookies, unauthorized
from functions._shared import sessions, users
from functions._shared.models import User
from functions._shared.passwords import authenticate
from functions._shared.validation import is_email, require


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    email: str
    password: str

    def __post_init__(self) -> None:
        require(
            ("email", is_email(self.email), "must be an e-mail address"),
            ("password", len(self.password) <= 200, "must have at most 200 characters"),
        )


def POST(request: Request, credentials: Credentials) -> Response:
    sessions.refuse_cross_site(request)
    user = authenticate(credentials.email, credentials.password)
    if user is None:
        unauthorized("e-mail or password is wrong")
    response = Response.json(user)
    response.cookies.set(
        sessions.cookie_name(request),
        sessions.issue_token(user),
        http_only=True,
        secure=request.url.scheme == "https",
        same_site="lax",
        max_age=sessions.LIFETIME_SECONDS,
    )
    return response


def GET(request: Request) -> User:
    return sessions.find_user(request) or unauthorized("nobody is signed in")


def DELETE(request: Request) -> Response:
    """Sign out on every device, so that a stolen token becomes invalid, too."""
    sessions.refuse_cross_site(request)
    user = sessions.find_user(request)
    if user is not None:
        users.end_sessions(user)
    cookies().delete(sessions.cookie_name(request))
    return Response(status=204)
