"""For which hosts the dev server answers. Floor 3; does no I/O but ask this machine's name.

A page of another site can make a browser ask 127.0.0.1 under a name of its own (DNS rebinding); then `Host` has that name, and is refused.
"""

from __future__ import annotations

import socket
from ipaddress import ip_address

_WILDCARDS = frozenset({"0.0.0.0", "::", ""})  # noqa: S104  # known, not bound


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it: localhost, a name below it, 127.0.0.0/8, ::1."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def is_allowed(host_header: str, told: str) -> bool:
    """Whether a request with this Host header is answered.

    Args:
        host_header: `localhost:3000`; empty where the request has none, as HTTP/1.0 may.
        told: What the server was told to listen on. On all addresses (`0.0.0.0`) it answers for every address, for an address
            cannot be rebound, and for this machine's own name.
    """
    name = _without_port(host_header).strip("[]").rstrip(".").lower()
    if not host_header or is_loopback(name) or name == told.strip("[]").lower():
        return True
    if told not in _WILDCARDS:
        return False
    own = socket.gethostname().lower()
    return _is_address(name) or name in (own, own.partition(".")[0], f"{own.partition('.')[0]}.local")


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
