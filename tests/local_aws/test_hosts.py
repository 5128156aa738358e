from __future__ import annotations

import socket

import pytest

from edgeroutes.local_aws.hosts import is_allowed, is_loopback


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "localhost.", "app.localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"]
)
def test_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "192.168.0.1", "localhost.example", "notlocalhost", "example.com"]
)
def test_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("header", "told", "allowed"),
    [
        ("localhost:3000", "127.0.0.1", True),
        ("LocalHost", "127.0.0.1", True),
        ("app.localhost:3000", "127.0.0.1", True),
        ("[::1]:3000", "127.0.0.1", True),
        ("", "127.0.0.1", True),
        ("evil.example", "127.0.0.1", False),
        ("evil.example:3000", "127.0.0.1", False),
        ("localhost.evil.example", "127.0.0.1", False),
        ("127.0.0.1.evil.example", "127.0.0.1", False),
        ("192.168.1.5:3000", "127.0.0.1", False),
        ("192.168.1.5:3000", "192.168.1.5", True),
        ("devbox:3000", "devbox", True),
        ("192.168.1.5:3000", "0.0.0.0", True),
        ("[2001:db8::1]:3000", "::", True),
        (socket.gethostname(), "0.0.0.0", True),
        ("evil.example", "0.0.0.0", False),
    ],
)
def test_a_host_header_is_answered_for_or_not(header: str, told: str, allowed: bool) -> None:
    assert is_allowed(header, told) is allowed
