"""Readable, stable, unique names for functions in the template."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SUFFIX = "Function"
# CloudFormation allows 255 characters; SAM appends its own ('Aliaslive', 'Role', a version's hash).
MAX_LENGTH = 120
_HASH_LENGTH = 6


def route_id(route_path: str) -> str:
    """The logical id of a route's function.

    Returns:
        'ApiUsersIdFunction' for '/api/users/[id]', 'RssXmlFunction' for '/rss.xml', 'RootFunction' for '/'.
    """
    return _named(_camel_case(route_path) or ("Root" if route_path == "/" else ""), route_path)


def group_id(name: str) -> str:
    """The logical id of a named group's function, 'AdminGroupFunction' for 'admin'."""
    return _named(_camel_case(name) + "Group", f"isolate={name}")


def unique_ids(wanted: Sequence[tuple[str, str]], reserved: Iterable[str] = ()) -> list[str]:
    """Unique ids: the first of several equal ids stays, the others get a hash of their names.

    Args:
        wanted: Pairs of a logical id and what it names, such as ('UsersIdFunction', '/users/[id]').
        reserved: Ids that are in use already.

    Returns:
        An id for each of `wanted`, in the same order; a hash depends only on the name.
    """
    taken = set(reserved)
    ids = []
    for logical_id, name in wanted:
        chosen = logical_id if logical_id not in taken else _hashed(logical_id, name)
        taken.add(chosen)
        ids.append(chosen)
    return ids


def _camel_case(text: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", text)
    return "".join(word[0].upper() + word[1:] for word in words)


def _named(stem: str, name: str) -> str:
    logical_id = stem + SUFFIX
    # An id starts with something readable; a path of other letters than ASCII leaves nothing.
    return logical_id if stem and len(logical_id) <= MAX_LENGTH else _hashed(logical_id, name)


def _hashed(logical_id: str, name: str) -> str:
    stem = logical_id.removesuffix(SUFFIX)[: MAX_LENGTH - len(SUFFIX) - _HASH_LENGTH] or "Route"
    return stem + hashlib.sha256(name.encode()).hexdigest()[:_HASH_LENGTH].upper() + SUFFIX
