"""An item of a collection: read, replace, change, delete, each for the user themselves. `id: int` makes /api/users/x a 404."""

from edgeroutes import HTTPError, Request, Response, forbidden
from functions._shared import users
from functions._shared.models import User
from functions._shared.passwords import authenticate, hash_password
from functions._shared.sessions import signed_in
from functions.api.users.schemas import UserChanges, WholeUser


def GET(request: Request, id: int) -> User:
    return _own(request, id)


def PUT(request: Request, id: int, new: WholeUser) -> User:
    return users.change(_own(request, id, new.version), name=new.name, email=new.email)


def PATCH(request: Request, id: int, changes: UserChanges) -> User:
    """A new password requires the old one, and ends every session, also stolen ones."""
    user = _own(request, id, changes.version)
    if changes.password and authenticate(user.email, changes.old_password) is None:
        forbidden("the old password is wrong")
    return users.change(
        user,
        name=changes.name or user.name,
        email=changes.email or user.email,
        password=hash_password(changes.password) if changes.password else "",
    )


def DELETE(request: Request, id: int) -> Response:
    users.remove(_own(request, id))
    return Response(status=204)


def _own(request: Request, id: int, version: int | None = None) -> User:
    """The user who sends the request, if the item is theirs; 409 if the client names another version."""
    user = signed_in(request)
    if user.id != id:
        forbidden("this is not your user")
    if version not in (None, user.version):
        raise HTTPError(409, f"the user has been changed meanwhile: this is version {user.version}")
    return user
