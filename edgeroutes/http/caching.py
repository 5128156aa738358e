"""The `Cache-Control` and the tags of a response. `freshness` reads them; this module is on the cold path.

Source: RFC 9111, RFC 5861; Next.js 16 `expireTime`.
"""

from __future__ import annotations

import re

from edgeroutes.errors import show_value

YEAR_SECONDS = 31_536_000
UNCACHED = "private, no-store"
CACHEABLE_STATUSES = frozenset((200, 203, 204, 301, 302, 307, 308, 404, 410))
# Headers that identify a client. The last is API Gateway's own, and that of most APIs with keys.
CREDENTIALS = ("authorization", "cookie", "x-api-key")
# Headers in CloudFront's cache key, besides path and query: these always, others by `keyed_headers`.
ALWAYS_KEYED = ("accept-encoding", "host", "x-forwarded-host")  # with one host, all responses have the same
# CloudFront runs no viewer-response function for these, so browsers would apply stale-… directives.
_BARE_STATUSES = (404, 410)


def keyed_headers(*, has_several_hosts: bool, varies_by_origin: bool) -> tuple[str, ...]:
    """The headers of the cache policy: the template writes them, and the runtime caches no response that varies by another."""
    return (*(("x-forwarded-host",) if has_several_hosts else ()), *(("Origin",) if varies_by_origin else ()))


def render_cache_control(lifetime_seconds: int, status: int = 200) -> str:
    """The `Cache-Control` of a cached response that is fresh for `lifetime_seconds`.

    >>> render_cache_control(60)
    'public, s-maxage=60, stale-while-revalidate=31535940, stale-if-error=31535940'
    """
    stale = YEAR_SECONDS - lifetime_seconds
    if stale <= 0 or status in _BARE_STATUSES:
        return f"public, s-maxage={lifetime_seconds}"
    return f"public, s-maxage={lifetime_seconds}, stale-while-revalidate={stale}, stale-if-error={stale}"


def lifetime_seconds(dynamic: str, revalidate: int | bool | None, *, has_static_params: bool) -> int | None:  # noqa: FBT001
    """How long a route's responses are fresh in a shared cache; None where they are not cached.

    Args:
        dynamic: `auto`, `force-dynamic`, `error` or `force-static`.
        revalidate: Seconds, 0 for not cached, False for until revalidated, None where the route does not set it.
        has_static_params: Whether the route exports `generate_static_params`.
    """
    if dynamic == "force-dynamic" or (revalidate is not False and revalidate == 0):
        return None
    if revalidate:
        return int(revalidate)
    if revalidate is False or dynamic in ("force-static", "error") or has_static_params:
        return YEAR_SECONDS
    return None


# Source: docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-by-tags.html (read 2026-11-21): 50 tags per object,
# further ones are dropped silently; 256 characters per tag; case is ignored.
MAX_TAGS = 49  # and the path's own
_MAX_TAG_LENGTH = 256
# Patterns are compiled on use, because most routes need none.
_UNCHANGED = "[a-z0-9/._~-]"


def tag_problem(tag: object) -> str:
    """The problem of a cache tag, and what is allowed; "" for a valid one."""
    if not isinstance(tag, str) or not tag:
        return f"tag {show_value(tag, 60)} is not valid. Allowed is a non-empty string"
    if len(tag) > _MAX_TAG_LENGTH:
        return f"tag {tag[:20] + '…'!r} has {len(tag)} characters. Allowed are up to {_MAX_TAG_LENGTH}"
    if not all("!" <= character <= "~" and character != "," for character in tag):
        return f"tag {tag!r} has a character that CloudFront does not accept. Allowed is visible ASCII without comma and space"
    return ""


def path_tag(path: str) -> str:
    """The tag that every cached response has for its own path, with which a path is invalidated whatever its query.

    Spellings of one path have one tag, different paths different ones. CloudFront ignores case, so a capital becomes `^` and its small
    letter. A tag that is too long for CloudFront is hashed.

    Args:
        path: Without base path; percent-encoding and a trailing slash make no difference.

    >>> path_tag("/blog/Caf%C3%A9/")
    '_path:/blog/^caf%c3%a9'
    """
    path = path.rstrip("/") or "/"
    if not re.fullmatch(f"{_UNCHANGED}*", path):
        path = re.sub(rb"%[0-9A-Fa-f]{2}|[^a-z0-9/._~-]", _case_free, path.encode("utf-8", "surrogatepass")).decode()
    tag = f"_path:{path}"
    if len(tag) <= _MAX_TAG_LENGTH:
        return tag
    from hashlib import blake2b

    return f"_path:~{blake2b(tag.encode(), digest_size=16).hexdigest()}"


def _case_free(found: re.Match[bytes]) -> bytes:
    """An escape, or a byte other than a small letter, digit or mark, as written in a tag."""
    text = found[0]
    byte = int(text[1:], 16) if len(text) == 3 else text[0]
    character = chr(byte)
    if "A" <= character <= "Z":
        return b"^" + character.lower().encode()
    is_needless = character != "/" and re.fullmatch(_UNCHANGED, character)
    return character.encode() if is_needless else b"%%%02x" % byte
