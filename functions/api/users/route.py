"""A collection: list it in pages, add to it. Handlers are plain functions because boto3 blocks."""

from edgeroutes import Request, Response
from functions._shared import users
from functions._shared.models import PublicUser
from functions._shared.pages import Page
from functions._shared.passwords import hash_password
from functions._shared.sessions import signed_in
from functions._shared.validation import require

from .schemas import NewUser


def GET(request: Request, limit: int = 100, cursor: str = "") -> Page[PublicUser]:
    """For signed-in users, without e-mail addresses: only their owners see them."""
    signed_in(request)
    require(("limit", 1 <= limit <= 100, "must be from 1 to 100"))
    found = users.page(limit, cursor)
    return Page(items=[PublicUser(id=user.id, name=user.name) for user in found.items], next=found.next)


def POST(new: NewUser) -> Response:
    """Anybody may register."""
    user = users.add(new.name, new.email, hash_password(new.password) if new.password else "")
    return Response.json(user, status=201, headers={"location": f"/api/users/{user.id}"})
