from edgeroutes import Request, Response
from edgeroutes.types import CallNext


async def middleware(request: Request, call_next: CallNext) -> object:
    if request.query_params.get("stop") == "nested":
        return {"stopped": "nested"}
    request.state.seen = [*getattr(request.state, "seen", []), "nested"]
    response: Response = await call_next(request)
    response.headers.append("x-seen", "nested")
    return response
