from edgeroutes import Request, Response
from edgeroutes.types import CallNext


async def middleware(request: Request, call_next: CallNext) -> object:
    if request.query_params.get("stop") == "inner":
        return {"stopped": "inner"}
    request.state.seen = [*getattr(request.state, "seen", []), "inner"]
    response: Response = await call_next(request)
    response.headers.append("x-seen", "inner")
    return response
