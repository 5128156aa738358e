"""A collection: list it in pages, add to it. Handlers are plain functions because boto3 waits without an event loop."""

from edgeroutes import Response
from functions._shared import users
from functions._shared.models import User
from functions._shared.pages import Page
from functions._shared.passwords import hash_password
from functions._shared.validation import require

from .schemas import NewUser


def GET(limit: int = 100, cursor: str = "") -> Page[User]:
    require(("limit", 1 <= limit <= 100, "must be from 1 to 100"))
    return users.page(limit, cursor)


def POST(new: NewUser) -> Response:
    user = users.add(new.name, new.email, hash_password(new.password) if new.password else "")
    return Response.json(user, status=201, headers={"location": f"/api/users/{user.id}"})
