"""`generate_static_params` with `dynamic_params = False`: which paths there are. Request wing, floor 2; loaded for such routes."""

from __future__ import annotations

from edgeroutes.errors import HandlerError
from edgeroutes.http.interrupts import HTTPError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from edgeroutes.runtime.endpoint import Endpoint
    from edgeroutes.types import Params

_listed: dict[Any, list[dict[str, object]]] = {}


async def require_listed(endpoint: Endpoint, params: Params) -> None:
    """Raise HTTPError 404 unless the request's segments are among those that the route generates.

    The generator is called once per sandbox, sync or async, at the first request that needs it.
    """
    if endpoint.static_params not in _listed:
        _listed[endpoint.static_params] = await _generate(endpoint)
    if params not in _listed[endpoint.static_params]:
        raise HTTPError(404)


async def _generate(endpoint: Endpoint) -> list[dict[str, object]]:
    where = f"{endpoint.route.source_file}, generate_static_params"
    made = endpoint.static_params()
    if hasattr(made, "__await__"):
        made = await made
    names = endpoint.route.parameter_names()
    if not isinstance(made, list | tuple) or not all(isinstance(params, dict) for params in made):
        hint = f"Return a list of dicts with {', '.join(names) or 'no key'}"
        raise HandlerError(f"it returned {made!r:.60}", where=where, hint=hint)
    for params in made:
        wrong = [name for name, value in params.items() if name not in names or not isinstance(value, str | list)]
        if wrong:
            hint = f"Give text, or a list of texts for a catch-all, for {', '.join(names)}"
            raise HandlerError(f"it returned {params!r:.60}", where=where, hint=hint)
    return [dict(params) for params in made]
