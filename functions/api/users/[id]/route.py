"""One of a collection: read, replace, change, remove. `id: int` makes /api/users/x a 404."""

from edgeroutes import HTTPError, Response, not_found
from functions._shared import users
from functions._shared.models import User
from functions.api.users.schemas import UserChanges, WholeUser


def GET(id: int) -> User:
    return users.find(id) or not_found()


def PUT(id: int, new: WholeUser) -> User:
    return users.change(_as_seen(id, new.version), name=new.name, email=new.email)


def PATCH(id: int, changes: UserChanges) -> User:
    user = _as_seen(id, changes.version)
    return users.change(user, name=changes.name or user.name, email=changes.email or user.email)


def DELETE(id: int) -> Response:
    users.remove(users.find(id) or not_found())
    return Response(status=204)


def _as_seen(id: int, version: int | None) -> User:
    """The user, in the version that the client has seen, if it says which."""
    user = users.find(id) or not_found()
    if version not in (None, user.version):
        raise HTTPError(409, f"the user has been changed meanwhile: this is version {user.version}")
    return user
