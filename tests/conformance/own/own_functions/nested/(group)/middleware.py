from edgeroutes import Request, Response
from edgeroutes.types import CallNext


async def middleware(request: Request, call_next: CallNext) -> object:
    if request.query_params.get("stop") == "group":
        return {"stopped": "group"}
    request.state.seen = [*getattr(request.state, "seen", []), "group"]
    response: Response = await call_next(request)
    response.headers.append("x-seen", "group")
    return response
