"""Who may call moto's server: programs of this machine, and pages that a server of this machine has sent. Floor 3.

moto itself reflects every `Origin`, allows every preflight and looks at no `Host`: any website that a developer visits could read and
change what is in it, and have it send requests into the developer's network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgeroutes.local_aws.hosts import is_loopback_authority
from edgeroutes.local_aws.waiting import respond_with_failure
from edgeroutes.local_aws.web_pages import foreign_origin, refers_from_elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from edgeroutes.local_aws.waiting import Hold

    WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]

SENT_HOSTS = "edgeroutes.sent_hosts"
"""Where the WSGI environment has every `Host` header as it was sent; `HTTP_HOST` has that of an absolute request target."""

_ASKED_METHOD = "HTTP_ACCESS_CONTROL_REQUEST_METHOD"
_HEADERS = {
    "origin": "HTTP_ORIGIN",
    "referer": "HTTP_REFERER",
    "sec-fetch-site": "HTTP_SEC_FETCH_SITE",
}


class Gate:
    """A WSGI app that refuses what no program and no page of this machine has sent.

    Args:
        application: Gets the rest.
        hosts: Names that are allowed besides those of loopback.
        hold: Decides whether requests wait, go on or fail; without one they go on.
    """

    def __init__(self, application: WsgiApp, hosts: Iterable[str] = (), hold: Hold | None = None) -> None:
        self._application = application
        self._hold = hold
        self._hosts = frozenset(hosts)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Pass a request on, or refuse it with 403."""
        reason = self._refusal(environ)
        if not reason and _is_preflight(environ):
            # moto checks a presigned URL's signature against the method, which here is not the one that was signed.
            start_response("204 No Content", _preflight_headers(environ))
            return []
        if not reason:
            failure = self._hold.pass_through(environ) if self._hold is not None else ""
            if failure:
                return respond_with_failure(failure, environ, start_response)
            return self._application(environ, start_response)
        body = f"edgeroutes dev: local AWS refuses this request: {reason}\n".encode("ascii", "backslashreplace")
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
        start_response("403 Forbidden", headers)
        return [body]

    def _refusal(self, environ: Mapping[str, Any]) -> str:
        hosts = {str(environ.get("HTTP_HOST", "")), *environ.get(SENT_HOSTS, ())}
        if "HTTP_X_FORWARDED_HOST" in environ:  # a proxy that makes this server public
            hosts.add(str(environ["HTTP_X_FORWARDED_HOST"]))
        for host in sorted(hosts):
            if not self._is_host(host):
                return f"the host {host!r} is not this machine. Use 127.0.0.1 or localhost."
        headers = {name: str(environ[key]).strip() for name, key in _HEADERS.items() if key in environ}
        origin = foreign_origin(headers)
        if origin is not None or ("origin" not in headers and refers_from_elsewhere(headers)):
            return "a page of another site sent it. Only pages of this machine (http://localhost:3000) may."
        return ""

    def _is_host(self, host: str) -> bool:
        return is_loopback_authority(host) or host.rpartition(":")[0] in self._hosts or host in self._hosts


def _is_preflight(environ: Mapping[str, Any]) -> bool:
    return environ["REQUEST_METHOD"] == "OPTIONS" and {"HTTP_ORIGIN", _ASKED_METHOD} <= environ.keys()


def _preflight_headers(environ: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        ("Access-Control-Allow-Origin", environ["HTTP_ORIGIN"]),
        ("Access-Control-Allow-Methods", environ[_ASKED_METHOD]),
        ("Access-Control-Allow-Headers", environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "")),
        ("Vary", "Origin"),
    ]
