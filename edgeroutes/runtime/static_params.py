"""`generate_static_params` with `dynamic_params = False`: which paths there are.

Loaded for such routes.
"""

from __future__ import annotations

from edgeroutes.errors import HandlerError
from edgeroutes.http.caching import UNCACHED
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.runtime.context import call_outside_loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from edgeroutes.runtime.endpoint import Endpoint
    from edgeroutes.types import Params

_listed: dict[Any, list[dict[str, object]]] = {}


async def require_listed(endpoint: Endpoint, params: Params) -> None:
    """Raise HTTPError 404 unless the request's segments are among those that the route generates.

    The generator is called once per sandbox, sync or async, at the first request that needs it.
    """
    generate = endpoint.static_params
    if not callable(generate):
        hint = "Define 'def generate_static_params()'"
        problem = f"it is a {type(generate).__name__}, not a function"
        raise HandlerError(problem, where=f"{endpoint.route.source_file}, generate_static_params", hint=hint)
    if generate not in _listed:
        _listed[generate] = await _generate(endpoint, generate)
    if params not in _listed[generate]:
        # Not cached as the route's responses are: the next deployment may list the path.
        raise HTTPError(404, headers={"cache-control": UNCACHED})


async def _generate(endpoint: Endpoint, generate: Callable[[], Any]) -> list[dict[str, object]]:
    where = f"{endpoint.route.source_file}, generate_static_params"
    made = await call_outside_loop(generate)
    names = endpoint.route.parameters()
    if not isinstance(made, list | tuple) or not all(isinstance(params, dict) for params in made):
        hint = f"Return a list of dicts with {', '.join(names) or 'no key'}"
        raise HandlerError(f"it returned {made!r:.60}", where=where, hint=hint)
    for params in made:
        wrong = [name for name, value in params.items() if name not in names or not isinstance(value, str | list)]
        if wrong:
            hint = f"Give text, or a list of texts for a catch-all, for {', '.join(names)}"
            raise HandlerError(f"it returned {params!r:.60}", where=where, hint=hint)
    # An optional catch-all at its base path is absent from the request's segments, and here often an empty list.
    return [{name: value for name, value in params.items() if value != []} for params in made]
