"""edgeroutes: Next.js route handlers for Python, on your own AWS account.

A lazy façade (PEP 562): importing a name loads only its module, so a route's cold start pays only for what it uses. Nothing inside
edgeroutes imports this module.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from starlette.datastructures import UploadFile as UploadFile

    from edgeroutes._version import __version__ as __version__
    from edgeroutes.adapters.asgi_middleware import asgi_middleware as asgi_middleware
    from edgeroutes.errors import EdgeroutesError as EdgeroutesError
    from edgeroutes.errors import FetchError as FetchError
    from edgeroutes.errors import ServiceError as ServiceError
    from edgeroutes.http.cors import CORS as CORS
    from edgeroutes.http.interrupts import HTTPError as HTTPError
    from edgeroutes.http.interrupts import forbidden as forbidden
    from edgeroutes.http.interrupts import not_found as not_found
    from edgeroutes.http.interrupts import permanent_redirect as permanent_redirect
    from edgeroutes.http.interrupts import redirect as redirect
    from edgeroutes.http.interrupts import see_other as see_other
    from edgeroutes.http.interrupts import unauthorized as unauthorized
    from edgeroutes.http.parameters import Body as Body
    from edgeroutes.http.parameters import Cookie as Cookie
    from edgeroutes.http.parameters import File as File
    from edgeroutes.http.parameters import Form as Form
    from edgeroutes.http.parameters import Header as Header
    from edgeroutes.http.parameters import Query as Query
    from edgeroutes.http.parameters import Status as Status
    from edgeroutes.http.request import Request as Request
    from edgeroutes.http.response import Response as Response
    from edgeroutes.observability.logger import logger as logger
    from edgeroutes.observability.metrics import metrics as metrics
    from edgeroutes.runtime.cache_policy import cache_tags as cache_tags
    from edgeroutes.runtime.context import RouteContext as RouteContext
    from edgeroutes.runtime.context import after as after
    from edgeroutes.runtime.context import cookies as cookies
    from edgeroutes.runtime.context import headers as headers
    from edgeroutes.runtime.dependencies import Depends as Depends
    from edgeroutes.runtime.environment import environment as environment
    from edgeroutes.services.cached import cached as cached
    from edgeroutes.services.fetch import FetchResponse as FetchResponse
    from edgeroutes.services.fetch import fetch as fetch
    from edgeroutes.services.revalidation import revalidate_path as revalidate_path
    from edgeroutes.services.revalidation import revalidate_tag as revalidate_tag

# Public name → its module; the tracer reads this table, too.
_EXPORTS = {
    "Body": "edgeroutes.http.parameters",
    "CORS": "edgeroutes.http.cors",
    "Cookie": "edgeroutes.http.parameters",
    "Depends": "edgeroutes.runtime.dependencies",
    "EdgeroutesError": "edgeroutes.errors",
    "FetchError": "edgeroutes.errors",
    "FetchResponse": "edgeroutes.services.fetch",
    "File": "edgeroutes.http.parameters",
    "Form": "edgeroutes.http.parameters",
    "HTTPError": "edgeroutes.http.interrupts",
    "Header": "edgeroutes.http.parameters",
    "Query": "edgeroutes.http.parameters",
    "Request": "edgeroutes.http.request",
    "Response": "edgeroutes.http.response",
    "RouteContext": "edgeroutes.runtime.context",
    "ServiceError": "edgeroutes.errors",
    "Status": "edgeroutes.http.parameters",
    "UploadFile": "starlette.datastructures",
    "__version__": "edgeroutes._version",
    "after": "edgeroutes.runtime.context",
    "asgi_middleware": "edgeroutes.adapters.asgi_middleware",
    "cache_tags": "edgeroutes.runtime.cache_policy",
    "cached": "edgeroutes.services.cached",
    "cookies": "edgeroutes.runtime.context",
    "environment": "edgeroutes.runtime.environment",
    "fetch": "edgeroutes.services.fetch",
    "forbidden": "edgeroutes.http.interrupts",
    "headers": "edgeroutes.runtime.context",
    "logger": "edgeroutes.observability.logger",
    "metrics": "edgeroutes.observability.metrics",
    "not_found": "edgeroutes.http.interrupts",
    "permanent_redirect": "edgeroutes.http.interrupts",
    "redirect": "edgeroutes.http.interrupts",
    "revalidate_path": "edgeroutes.services.revalidation",
    "revalidate_tag": "edgeroutes.services.revalidation",
    "see_other": "edgeroutes.http.interrupts",
    "unauthorized": "edgeroutes.http.interrupts",
}
__all__ = [*_EXPORTS]  # noqa: PLE0604  # strings, as a test checks


if not TYPE_CHECKING:  # a type checker that sees a module's __getattr__ accepts every name

    def __getattr__(name: str) -> object:
        module_name = _EXPORTS.get(name)
        if module_name is None:
            raise AttributeError(f"module 'edgeroutes' has no attribute {name!r}")
        from importlib import import_module

        value: object = getattr(import_module(module_name), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_EXPORTS])
