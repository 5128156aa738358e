"""A model of how a REST API finds the resource for a path, with and without turning back from a dead end.

Source: facts/aws.md §6; floci-io/floci#3399 and ministackorg/ministack#1423, measured on AWS (read 2026-11-21).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class FakeRestApi:
    """The resources of an API.

    Args:
        resources: Pairs of a path, such as '/users/{id}', and its target.

    Raises:
        ValueError: API Gateway would refuse such a tree.
    """

    def __init__(self, resources: Iterable[tuple[str, str]]) -> None:
        self.root = _Node()
        for path, target in resources:
            node = self.root
            for part in [part for part in path.split("/") if part]:
                node = node.child(part)
            if node.target is not None:
                raise ValueError(f"two resources {path}")
            node.target = target

    def find(self, path: str, *, turns_back: bool) -> str | None:
        """The target of this path."""
        return _find(self.root, [part for part in path.split("/") if part], turns_back)[0]

    def count(self) -> int:
        """How many resources there are, the root too."""
        return self.root.count()


class _Node:
    def __init__(self) -> None:
        self.target: str | None = None
        self.statics: dict[str, _Node] = {}
        self.variable: tuple[str, _Node] | None = None

    def child(self, part: str) -> _Node:
        if not part.startswith("{"):
            return self.statics.setdefault(part, _Node())
        if self.variable is None:
            self.variable = (part, _Node())
        if self.variable[0] != part:
            raise ValueError(f"a sibling ({self.variable[0]}) of {part} already has a variable path part")
        return self.variable[1]

    def count(self) -> int:
        below = [*self.statics.values(), *([self.variable[1]] if self.variable else [])]
        return 1 + sum(node.count() for node in below)


def _find(node: _Node, parts: list[str], turns_back: bool) -> tuple[str | None, bool]:
    """The target, and whether the search is over."""
    if not parts:
        return node.target, node.target is not None
    if parts[0] in node.statics:
        target, found = _find(node.statics[parts[0]], parts[1:], turns_back)
        if found or not turns_back:
            return target, True
    if node.variable is not None:
        name, child = node.variable
        if name.endswith("+}"):
            return child.target, True
        target, found = _find(child, parts[1:], turns_back)
        return target, found or not turns_back
    return None, not turns_back
