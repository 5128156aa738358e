"""What a signed-in user sees of a team; the middleware beside this folder has made sure that there is one."""

from edgeroutes import Request, forbidden
from functions._shared import users


def GET(request: Request, team: str) -> dict[str, object]:
    user = request.state.user
    if team not in user.teams:
        forbidden(f"you are not in the team {team!r}")
    return {"team": team, "you": user.name, "members": [member.name for member in users.members(team)]}
