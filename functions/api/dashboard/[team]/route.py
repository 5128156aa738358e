"""A team, for signed-in users. The middleware of the folder above requires the session."""

from edgeroutes import Request, forbidden
from functions._shared import users


def GET(request: Request, team: str) -> dict[str, object]:
    user = request.state.user
    if team not in user.teams:
        forbidden(f"you are not in the team {team!r}")
    return {"team": team, "you": user.name, "members": [member.name for member in users.members(team)]}
