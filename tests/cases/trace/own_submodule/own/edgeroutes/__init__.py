from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edgeroutes.http.request import Request as Request

_EXPORTS = {
    "Request": "http.request",
    "Response": "http.response",
    "upload": "uploads",
}


def __getattr__(name: str) -> object:
    return getattr(import_module(f"{__name__}.{_EXPORTS[name]}"), name)
