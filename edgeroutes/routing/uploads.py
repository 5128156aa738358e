"""Uploads as a project declares them: `Uploads("Photos", …)`, which the template reads without running the file.

`edgeroutes.guards.uploads` has the class that acts at run time, derived from this one.
"""

from __future__ import annotations

import re

from edgeroutes.routing.guards import GuardConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final

# Source: docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html (read 2026-11-30):
# objects up to 48.8 TiB, 10,000 parts of 5 MiB to 5 GiB.
MAX_PARTS: Final = 10_000
MIN_PART_BYTES: Final = 5 * 1024**2
MAX_PART_BYTES: Final = 5 * 1024**3
MAX_OBJECT_BYTES: Final = MAX_PARTS * MAX_PART_BYTES
# Source: docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html (read 2026-11-30): 5 GB in one PUT or POST.
MAX_SINGLE_BYTES: Final = 5 * 1000**3
# Source: docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html (read 2026-11-30).
MAX_EXPIRES_S: Final = 604_800

BUCKET_VARIABLE: Final = "EDGEROUTES_BUCKET_"
"""With a logical id after it, the variable that has the name of a bucket of infra/."""

_LOGICAL_ID: Final = r"[A-Za-z0-9]{1,255}"
_BUCKET_NAME: Final = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_VARIABLE: Final = r"env:[A-Za-z_][A-Za-z0-9_]*"
_TYPE: Final = r"[a-z0-9][a-z0-9!#$&^_.+-]*/(?:\*|[a-z0-9][a-z0-9!#$&^_.+-]*)|\*/\*"
_PREFIX: Final = r"(?:[A-Za-z0-9!_.*'()-]+/)+"


class UploadsConfig(GuardConfig):
    """`Uploads`: files that clients send to a bucket, directly or through a function.

    Args:
        bucket: The logical id of a bucket in infra/, "env:NAME", or a bucket's name.
        types: The accepted media types, such as "image/png" or "image/*". Types that browsers run (HTML, SVG, XML, scripts) must be named.
        max_bytes: The largest accepted file.
        prefix: Of the keys of files that are not claimed yet, with a slash at its end.
        expires_s: How long a signed URL is valid, in seconds.

    Raises:
        ValueError: An argument is not allowed.
    """

    __slots__ = ("bucket", "expires_s", "max_bytes", "prefix", "types")
    called = "Uploads"

    def __init__(
        self,
        bucket: str,
        *,
        types: Sequence[str],
        max_bytes: int,
        prefix: str = "incoming/",
        expires_s: int = 300,
    ) -> None:
        self.bucket = _matching("bucket", bucket, f"{_LOGICAL_ID}|{_BUCKET_NAME}|{_VARIABLE}", _BUCKET_HINT)
        if isinstance(types, str) or not types:
            raise ValueError(
                f'types is {types!r}. Allowed is a list of media types, such as ("image/png", "image/jpeg")'
            )
        self.types = tuple(_matching("types", each, _TYPE, _TYPES_HINT) for each in types)
        self.max_bytes = _whole("max_bytes", max_bytes, MAX_OBJECT_BYTES)
        self.prefix = _matching("prefix", prefix, _PREFIX, _PREFIX_HINT)
        if any(part in (".", "..") for part in prefix.split("/")):
            raise ValueError(f"prefix is {prefix!r}. {_PREFIX_HINT}")
        self.expires_s = _whole("expires_s", expires_s, MAX_EXPIRES_S)

    @property
    def logical_id(self) -> str:
        """The bucket's logical id in infra/, if it can be one; empty otherwise."""
        return self.bucket if re.fullmatch(_LOGICAL_ID, self.bucket) else ""


_BUCKET_HINT: Final = 'Allowed are the logical id of a bucket in infra/, "env:NAME", or a bucket\'s name'
_TYPES_HINT: Final = 'Allowed are media types in lower case without parameters, such as "image/png" or "image/*"'
_PREFIX_HINT: Final = 'Allowed is the beginning of a key with a slash at its end, such as "incoming/"'


def _matching(name: str, value: Any, pattern: str, hint: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise ValueError(f"{name} is {value!r}. {hint}")
    return value


def _whole(name: str, value: Any, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise ValueError(f"{name} is {value!r}. Allowed is a whole number from 1 to {most:,}")
    return value
