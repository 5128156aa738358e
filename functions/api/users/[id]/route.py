"""One of a collection: read, replace, change, remove. `id: int` makes /api/users/x a 404."""

from dataclasses import replace

from edgeroutes import Response, not_found
from functions._shared.models import User
from functions._shared.store import users
from functions.api.users.schemas import NewUser, UserChanges


async def GET(id: int) -> User:
    return _find(id)


async def PUT(id: int, new: NewUser) -> User:
    return _saved(replace(_find(id), name=new.name, email=new.email))


async def PATCH(id: int, changes: UserChanges) -> User:
    user = _find(id)
    return _saved(replace(user, name=changes.name or user.name, email=changes.email or user.email))


async def DELETE(id: int) -> Response:
    if not users.delete(id):
        not_found()
    return Response(status=204)


def _find(key: int) -> User:
    return users.get(key) or not_found()


def _saved(user: User) -> User:
    users.save(user)
    return user
