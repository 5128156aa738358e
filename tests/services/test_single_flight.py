from __future__ import annotations

import asyncio
import threading

from edgeroutes.services.single_flight import Flights


def test_one_makes_and_the_others_wait_in_threads_and_loops_alike() -> None:
    flights = Flights()
    flight, is_ours = flights.join("key")
    waiting = threading.Barrier(4)
    seen: list[object] = []

    def in_thread() -> None:
        joined, leads = flights.join("key")
        waiting.wait()
        asyncio.run(joined.wait(blocking=True))
        seen.append((leads, joined.result))

    async def in_task() -> None:
        joined, leads = flights.join("key")
        waiting.wait()
        await joined.wait(blocking=False)
        seen.append((leads, joined.result))

    threads = [threading.Thread(target=in_thread), threading.Thread(target=lambda: asyncio.run(in_task()))]
    threads.append(threading.Thread(target=lambda: asyncio.run(in_task())))
    for thread in threads:
        thread.start()
    waiting.wait()
    flights.end("key", flight, "made")
    for thread in threads:
        thread.join()

    assert (is_ours, seen) == (True, [(False, "made")] * 3)
    assert flights.join("key")[1]


def test_who_comes_when_it_has_landed_does_not_wait() -> None:
    flights = Flights()
    flight, _ = flights.join("key")
    flights.end("key", flight, error=OSError("down"))

    asyncio.run(flight.wait(blocking=False))
    asyncio.run(flight.wait(blocking=True))

    assert str(flight.error) == "down"


def test_a_loop_that_was_closed_meanwhile_wakes_nobody() -> None:
    flights = Flights()
    flight, _ = flights.join("key")
    loop = asyncio.new_event_loop()
    task = loop.create_task(flight.wait(blocking=False))
    loop.run_until_complete(asyncio.sleep(0))
    task.cancel()
    loop.run_until_complete(asyncio.wait({task}))
    loop.close()

    flights.end("key", flight, "made")

    assert flight.result == "made"
