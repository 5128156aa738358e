"""Sign in, see who is signed in, sign out. The cookie is out of reach of scripts and of other sites."""

from dataclasses import dataclass

from edgeroutes import Request, Response, cookies, unauthorized
from functions._shared import sessions
from functions._shared.models import User
from functions._shared.passwords import authenticate


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    email: str
    password: str


def POST(request: Request, credentials: Credentials) -> Response:
    user = authenticate(credentials.email, credentials.password)
    if user is None:
        unauthorized("e-mail or password is wrong")
    response = Response.json(user)
    response.cookies.set(
        sessions.COOKIE,
        sessions.issue_token(user),
        http_only=True,
        secure=request.url.scheme == "https",
        same_site="lax",
        max_age=sessions.LIFETIME_SECONDS,
    )
    return response


def GET() -> User:
    return sessions.read_token(cookies().get(sessions.COOKIE, "")) or unauthorized("nobody is signed in")


def DELETE() -> Response:
    cookies().delete(sessions.COOKIE)
    return Response(status=204)
