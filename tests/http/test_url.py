from __future__ import annotations

import pytest

from edgeroutes.http.url import URL, location, split_host


def test_a_url_is_written_as_it_was_sent() -> None:
    url = URL("https", "example.org", "/users/a%2Fb", "page=2&q=%20")

    assert str(url) == "https://example.org/users/a%2Fb?page=2&q=%20"
    assert str(URL("https", "example.org", "/")) == "https://example.org/"


@pytest.mark.parametrize(
    ("scheme", "host", "origin", "hostname", "port"),
    [
        ("https", "example.org", "https://example.org", "example.org", 443),
        ("https", "Example.org:443", "https://example.org", "example.org", 443),
        ("http", "example.org:443", "http://example.org:443", "example.org", 443),
        ("http", "localhost:8080", "http://localhost:8080", "localhost", 8080),
        ("http", "localhost:80", "http://localhost", "localhost", 80),
        ("http", "[::1]:3000", "http://[::1]:3000", "::1", 3000),
        ("https", "[2001:db8::1]", "https://[2001:db8::1]", "2001:db8::1", 443),
        ("https", "example.org:", "https://example.org:", "example.org", 443),
    ],
)
def test_the_host_has_its_parts(scheme: str, host: str, origin: str, hostname: str, port: int) -> None:
    url = URL(scheme, host, "/")

    assert (url.origin, url.hostname, url.port) == (origin, hostname, port)
    assert str(url).startswith(origin)


@pytest.mark.parametrize(
    ("host", "parts"),
    [
        ("[::1]:3000", ("::1", 3000)),
        ("[::1]", ("::1", None)),
        ("[::1", ("::1", None)),
        ("a:b", ("a", None)),
        ("a:99999", ("a", None)),
        ("a:65535", ("a", 65_535)),
        ("a:65536", ("a", None)),
        ("a:0080", ("a", 80)),
        ("a:" + "9" * 5_000, ("a", None)),
        ("a:" + "0" * 5_000 + "80", ("a", 80)),
        ("[::1]:" + "9" * 5_000, ("::1", None)),
        ("a:٣", ("a", None)),
        ("", ("", None)),
    ],
)
def test_a_port_that_is_not_a_number_counts_as_none(host: str, parts: tuple[str, int | None]) -> None:
    assert split_host(host) == parts


def test_urls_are_equal_by_their_text() -> None:
    url = URL("https", "a.example", "/x")

    assert url == "https://a.example/x"
    assert url == URL("https", "a.example", "/x")
    assert url != URL("https", "a.example", "/y")
    assert url != 1
    assert {url: 1}[URL("https", "a.example", "/x")] == 1
    assert repr(url) == "URL('https://a.example/x')"


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("/a", "/a"),
        ("a?b=c#d", "a?b=c#d"),
        ("https://a.example/x%20y?q=1&r=[2]", "https://a.example/x%20y?q=1&r=[2]"),
        ("/a b", "/a%20b"),
        ("/ä/✓", "/%C3%A4/%E2%9C%93"),
        ('/"<>^`{|}', "/%22%3C%3E%5E%60%7B%7C%7D"),
        ("/\\evil.example", "/%5Cevil.example"),
        ("/100%", "/100%"),
    ],
)
def test_a_location_encodes_what_is_not_a_url_character(url: str, sent: str) -> None:
    assert location(url) == sent


@pytest.mark.parametrize("url", ["", "/a\r\nSet-Cookie: x=1", "/a\nb", "/\0", "/\x7f", "/a\tb"])
def test_a_location_with_a_control_character_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="cannot redirect to"):
        location(url)
