from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.adapters.lifespan import lifespan_state, shutdown
from edgeroutes.errors import HandlerError
from edgeroutes.runtime.context import cookies

if TYPE_CHECKING:
    from collections.abc import Callable

Log = list[str]


class App:
    """An ASGI app that takes lifespans, and counts them."""

    def __init__(self, **state: Any) -> None:
        self.log: Log = []
        self.state = state

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert await receive() == {"type": "lifespan.startup"}
        self.log.append("startup")
        await asyncio.sleep(0)
        scope["state"].update(self.state)
        await send({"type": "lifespan.startup.complete"})
        assert await receive() == {"type": "lifespan.shutdown"}
        self.log.append("shutdown")
        await send({"type": "lifespan.shutdown.complete"})


def test_startup_runs_once_however_many_ask_and_its_task_lives_on() -> None:
    app = App(pool="open")

    async def ask() -> None:
        states = await asyncio.gather(*(lifespan_state(app, "route.py") for _ in range(5)))
        assert states == [{"pool": "open"}] * 5
        assert app.log == ["startup"]
        await shutdown()
        assert app.log == ["startup", "shutdown"]

    asyncio.run(ask())


def test_each_request_gets_a_copy_of_the_state_and_the_same_things_in_it() -> None:
    pool: list[int] = []
    app = App(pool=pool)

    async def ask() -> None:
        first = await lifespan_state(app, "route.py")
        first["mine"] = 1
        second = await lifespan_state(app, "route.py")
        assert second == {"pool": pool}
        assert second["pool"] is pool
        await shutdown()

    asyncio.run(ask())


def test_apps_shut_down_in_the_opposite_order_and_start_again_when_asked() -> None:
    order: Log = []
    first, second = App(), App()
    first.log = second.log = order

    async def ask() -> None:
        await lifespan_state(first, "a")
        await lifespan_state(second, "b")
        await shutdown()
        assert order == ["startup", "startup", "shutdown", "shutdown"]
        await lifespan_state(first, "a")
        await shutdown()
        assert order == ["startup", "startup", "shutdown", "shutdown", "startup", "shutdown"]

    asyncio.run(ask())


def test_another_loop_starts_the_app_anew() -> None:
    app = App()
    for _ in range(2):
        asyncio.run(lifespan_state(app, "route.py"))
    assert app.log == ["startup", "startup"]


@pytest.mark.parametrize("how", ["raises", "returns"])
def test_an_app_that_takes_no_lifespan_is_fine(how: str, log_lines: Callable[[], list[dict[str, Any]]]) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if how == "raises":
            raise AssertionError("only http")

    async def ask() -> None:
        assert await lifespan_state(app, "route.py") == {}
        await shutdown()

    asyncio.run(ask())
    assert log_lines() == []


def test_a_failed_startup_is_an_error_that_says_why_and_the_next_request_tries_again() -> None:
    tries: Log = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        tries.append("startup")
        if len(tries) > 1:
            await send({"type": "lifespan.startup.complete"})
            await receive()
            return
        await send({"type": "lifespan.startup.failed", "message": "Traceback …\nConnectionError: no database\n"})
        raise ConnectionError("no database")

    async def ask() -> None:
        with pytest.raises(HandlerError) as caught:
            await lifespan_state(app, "functions/a/route.py")
        assert str(caught.value) == (
            "functions/a/route.py: the app's startup failed: ConnectionError: no database. "
            "Fix its lifespan; the next request starts it again."
        )
        assert isinstance(caught.value.__cause__, ConnectionError)
        assert await lifespan_state(app, "functions/a/route.py") == {}
        await shutdown()

    asyncio.run(ask())
    assert tries == ["startup", "startup"]


def test_a_request_that_is_cancelled_meanwhile_does_not_cancel_the_startup() -> None:
    app = App()

    async def ask() -> None:
        impatient = asyncio.create_task(lifespan_state(app, "route.py"))
        await asyncio.sleep(0)
        impatient.cancel()
        assert await lifespan_state(app, "route.py") == {}
        assert app.log == ["startup"]
        await shutdown()

    asyncio.run(ask())


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_shutdown_before_the_startup_has_ended_tells_those_who_wait(steps: int) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.Event().wait()

    async def ask() -> None:
        waiting = asyncio.create_task(lifespan_state(app, "route.py"))
        for _ in range(steps):
            await asyncio.sleep(0)
        await asyncio.wait_for(shutdown(), 5)
        with pytest.raises(HandlerError, match="startup failed: it was cancelled"):
            await waiting

    asyncio.run(ask())


def test_a_failed_shutdown_and_a_lifespan_that_breaks_off_are_logged(
    log_lines: Callable[[], list[dict[str, Any]]],
) -> None:
    async def failing(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.failed", "message": "too late"})
        raise ValueError("too late")

    async def breaking(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        raise ValueError("broke off")

    async def ask() -> None:
        await lifespan_state(failing, "failing.py")
        await lifespan_state(breaking, "breaking.py")
        await asyncio.sleep(0)
        await shutdown()

    asyncio.run(ask())
    assert [line["message"] for line in log_lines()] == [
        "breaking.py: the app's lifespan failed",
        "failing.py: the app's shutdown failed",
    ]


def test_the_startup_belongs_to_no_request() -> None:
    seen: Log = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        try:
            cookies()
        except HandlerError as error:
            seen.append(error.problem)
        await send({"type": "lifespan.startup.complete"})

    asyncio.run(lifespan_state(app, "route.py"))
    assert seen == ["cookies() was called outside a request"]
