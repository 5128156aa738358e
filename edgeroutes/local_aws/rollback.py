"""What an update of a stack that fails halfway leaves in moto, taken back: the next one finds the stack as it was. Floor 3.

moto has no rollback. What the update has added is deleted, so that its names are free for the next try; what it has removed is taken
for not yet made. A resource that was changed stays changed, until a template says otherwise.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moto.cloudformation.models import Stack


class Snapshot:
    """A stack before an update.

    Args:
        stack: That will be changed.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._of_stack = dict(vars(stack))
        self._of_map = dict(vars(stack.resource_map))
        self._made = dict(stack.resource_map._parsed_resources)  # noqa: SLF001 - moto has no other door

    def restore(self) -> None:
        """Have the stack as it was."""
        resource_map = self._stack.resource_map
        wanted = resource_map._resource_json_map  # noqa: SLF001
        for name, resource in list(resource_map._parsed_resources.items()):  # noqa: SLF001
            if name in wanted and name not in self._made:
                with suppress(Exception):  # what moto cannot take back stays, and nothing refers to it
                    resource_map._delete_resource(resource, wanted[name])  # noqa: SLF001
        vars(self._stack).update(self._of_stack)
        vars(resource_map).update(self._of_map)
        before = resource_map._resource_json_map  # noqa: SLF001
        removed = {name for name in before if name not in wanted or before[name]["Type"] != wanted[name]["Type"]}
        resource_map._resource_json_map = {name: each for name, each in before.items() if name not in removed}  # noqa: SLF001
        resource_map._parsed_resources = {name: each for name, each in self._made.items() if name not in removed}  # noqa: SLF001
