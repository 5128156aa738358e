"""What makes two requests the same to the CDN. Floor 3; does no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeroutes.template.cdn import CACHE_POLICY, cdn_resources
from edgeroutes.template.cors import EdgeCors

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from edgeroutes.config import Config
    from edgeroutes.http.cors import CORS
    from edgeroutes.http.headers import Headers


@dataclass(frozen=True, slots=True)
class CacheKey:
    """The identity of a stored answer.

    Args:
        target: Path and query, as they were sent.
        accept_encoding: Reduced: `br,gzip`, `br`, `gzip` or nothing.
        headers: The values of the other headers that the distribution has in its key.
    """

    target: str
    accept_encoding: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        parts = [("accept-encoding", self.accept_encoding), *self.headers]
        return " + ".join([f"GET {self.target}", *(f"{name}: {value}" for name, value in parts if value)])


def keyed_headers(config: Config, policies: Iterable[CORS] = ()) -> tuple[str, ...]:
    """The headers that the project's distribution has in its key, in lower case, besides `Accept-Encoding`: as its template says.

    There the host is known by a header of the viewer-request function; here by its own name.

    Args:
        config: The project's settings.
        policies: What pages of other origins may do, of every route and the project.
    """
    cors = EdgeCors(keys_by_origin=any(policy.varies_by_origin for policy in policies))
    resources = cdn_resources(config, cors)
    if CACHE_POLICY not in resources:
        return ()
    policy = resources[CACHE_POLICY]["Properties"]["CachePolicyConfig"]
    names = policy["ParametersInCacheKeyAndForwardedToOrigin"]["HeadersConfig"].get("Headers", ())
    return tuple("host" if name.lower() == "x-forwarded-host" else name.lower() for name in names)


def make_key(path: str, query: str, headers: Headers, keyed: Sequence[str] = ()) -> CacheKey:
    """The key of a request.

    Args:
        path: Percent-encoded.
        query: Percent-encoded, without the question mark.
        headers: Of the request.
        keyed: As `keyed_headers` gives them.
    """
    return CacheKey(
        f"{path}?{query}" if query else path,
        ",".join(accepted_encodings(headers.get("accept-encoding", ""))),
        tuple((name, headers.get(name, "")) for name in keyed),
    )


def accepted_encodings(accept_encoding: str) -> list[str]:
    """Of `br` and `gzip` those that a client takes.

    >>> accepted_encodings("gzip, deflate, br;q=0.9, zstd")
    ['br', 'gzip']

    Source: docs.aws.amazon.com/AmazonCloudFront "controlling-the-cache-key", both formats enabled (read 2026-11-21).
    """
    taken = set()
    for part in accept_encoding.lower().split(","):
        coding, _, weight = part.partition(";")
        if weight.replace(" ", "").rstrip("0") not in ("q=", "q=0."):
            taken.add(coding.strip())
    return [coding for coding in ("br", "gzip") if coding in taken]
