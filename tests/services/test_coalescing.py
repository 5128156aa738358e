from __future__ import annotations

import asyncio
import threading

from edgeroutes.services.coalescing import Coalescer


def test_one_makes_and_the_others_wait_in_threads_and_loops_alike() -> None:
    coalescer = Coalescer()
    pending, is_ours = coalescer.join("key")
    waiting = threading.Barrier(4)
    seen: list[object] = []

    def in_thread() -> None:
        joined, leads = coalescer.join("key")
        waiting.wait()
        asyncio.run(joined.wait(blocking=True))
        seen.append((leads, joined.result))

    async def in_task() -> None:
        joined, leads = coalescer.join("key")
        waiting.wait()
        await joined.wait(blocking=False)
        seen.append((leads, joined.result))

    threads = [threading.Thread(target=in_thread), threading.Thread(target=lambda: asyncio.run(in_task()))]
    threads.append(threading.Thread(target=lambda: asyncio.run(in_task())))
    for thread in threads:
        thread.start()
    waiting.wait()
    coalescer.finish("key", pending, "made")
    for thread in threads:
        thread.join()

    assert (is_ours, seen) == (True, [(False, "made")] * 3)
    assert coalescer.join("key")[1]


def test_who_comes_when_it_has_landed_does_not_wait() -> None:
    coalescer = Coalescer()
    pending, _ = coalescer.join("key")
    coalescer.finish("key", pending, error=OSError("down"))

    asyncio.run(pending.wait(blocking=False))
    asyncio.run(pending.wait(blocking=True))

    assert str(pending.error) == "down"


def test_a_loop_that_was_closed_meanwhile_wakes_nobody() -> None:
    coalescer = Coalescer()
    pending, _ = coalescer.join("key")
    loop = asyncio.new_event_loop()
    task = loop.create_task(pending.wait(blocking=False))
    loop.run_until_complete(asyncio.sleep(0))
    task.cancel()
    loop.run_until_complete(asyncio.wait({task}))
    loop.close()

    coalescer.finish("key", pending, "made")

    assert pending.result == "made"
