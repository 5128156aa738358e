"""A collection: list it, add to it."""

from edgeroutes import Response
from functions._shared.models import User
from functions._shared.store import users

from .schemas import NewUser


async def GET() -> list[User]:
    return users.all()


async def POST(new: NewUser) -> Response:
    user = User(id=users.next_id(), name=new.name, email=new.email)
    users.save(user)
    return Response.json(user, status=201, headers={"location": f"/api/users/{user.id}"})
