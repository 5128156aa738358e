"""Calls the app that a route exports."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edgeroutes.http.response import Response
    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.types import AsgiApp


async def mount(app: AsgiApp, scope: RequestScope) -> Response:
    """The app's response: as the app sends it where the route sets `streaming = True`, else whole.

    Args:
        app: What the route exports, or a Starlette response, which is an ASGI app, too.
        scope: The request, routed.
    """
    if app is not scope.endpoint.app:
        from edgeroutes.adapters.mounted_stream import sent_response

        return await sent_response(app, scope)
    if scope.endpoint.config.streaming:
        from edgeroutes.adapters.mounted_stream import streamed_response

        return await streamed_response(app, scope)
    from edgeroutes.adapters.mounted import mounted_response

    return await mounted_response(app, scope)
