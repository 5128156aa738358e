"""The lifespans of mounted apps through reloads: an old app is shut down when its last request is answered. Floor 3."""

from __future__ import annotations

import sys
from contextlib import suppress
from contextvars import Context
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import ModuleType

    from edgeroutes.dev.generation import Generation
    from edgeroutes.dev.loop_thread import LoopThread

_SHUTDOWN_WAIT_S = 2.0


class MountedApps:
    """What was started on the loop of the handlers.

    Args:
        loop: That loop.
    """

    def __init__(self, loop: LoopThread) -> None:
        self._loop = loop

    def retire(self, generation: Generation) -> None:
        """Shut down the apps that run now, when this generation, which gets no new requests, has none left."""
        lifespan = _lifespan()
        if lifespan is None:
            return
        ends: list[Callable[[], Awaitable[None]]] = []

        async def detach() -> None:
            ends.append(lifespan.detach())

        async def end() -> None:
            for each in ends:
                await each()

        def begin_end() -> None:
            self._loop.start(end(), Context())

        self._loop.start(detach(), Context())
        generation.when_idle(begin_end)

    def end(self) -> None:
        """Shut down all of them, within reason."""
        lifespan = _lifespan()
        if lifespan is not None:
            with suppress(TimeoutError):
                self._loop.start(lifespan.shutdown(), Context()).result(_SHUTDOWN_WAIT_S)


def _lifespan() -> ModuleType | None:
    """The module of the lifespans, once an app has been asked."""
    return sys.modules.get("edgeroutes.adapters.lifespan")
