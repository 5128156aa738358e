"""Entity tags and conditional requests (RFC 9110 §8.8.3, §13). Ground floor; loaded when an answer can be cached."""

from __future__ import annotations

# What a 304 repeats of the answer that it stands for. Source: RFC 9110 §15.4.5; the tag header by the caller.
_KEPT = ("cache-control", "content-location", "date", "etag", "expires", "vary", "last-modified")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edgeroutes.http.headers import Headers


def strong_etag(body: bytes) -> str:
    """A strong tag of these bytes: the same bytes, the same tag, in every sandbox."""
    from hashlib import blake2b

    return f'"{blake2b(body, digest_size=16).hexdigest()}"'


def is_not_modified(request: Headers, answer: Headers) -> bool:
    """Whether the client has this answer already: by its tags, or without any by the date it names."""
    tags = request.get("if-none-match")
    if tags is not None:
        etag = answer.get("etag")
        return etag is not None and (tags.strip() == "*" or _opaque(etag) in _tags(tags))
    since, modified = request.get("if-modified-since"), answer.get("last-modified")
    if since is None or modified is None:
        return False
    if since == modified:  # as clients send it back
        return True
    from edgeroutes.http.dates import parse_http_date

    modified_at, since_at = parse_http_date(modified), parse_http_date(since)
    return modified_at is not None and since_at is not None and modified_at <= since_at


def kept_headers(answer: Headers, also: str = "") -> list[tuple[str, str]]:
    """The fields that a 304 repeats."""
    return [(name, value) for name, value in answer.multi_items() if name in _KEPT or name == also]


def _tags(header: str) -> set[str]:
    """The opaque parts of a list of tags: `W/"a", "b"` → `{'"a"', '"b"'}`.

    CloudFront weakens tags, so strength does not count.
    """
    import re

    return set(re.findall(r'"[^"]*"', header))


def _opaque(etag: str) -> str:
    return etag.removeprefix("W/")
