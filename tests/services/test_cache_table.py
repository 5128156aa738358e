"""The table that all sandboxes share: against moto's DynamoDB."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes import cached
from edgeroutes.errors import StoreError
from edgeroutes.services.cache_stores import STALE_SECONDS, make_entry
from edgeroutes.services.cache_table import TableStore
from edgeroutes.services.data_cache import DataCache, data_cache, expire_tags, use_data_cache
from tests.services.conftest import TABLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.clock import FakeClock
    from tests.fakes.project import RouteProject
    from tests.services.conftest import Sandboxes

    Make = Callable[..., RouteProject]
    LogLines = Callable[[], list[dict[str, Any]]]


def counted(value: Any = None, **options: Any) -> tuple[Callable[..., Any], list[int]]:
    """A cached function, and a list that grows with the calls that reached it."""
    calls: list[int] = []

    @cached(**options)
    def find() -> Any:
        calls.append(1)
        return [len(calls)] if value is None else value

    return find, calls


def items(client: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.scan(TableName=TABLE)["Items"]
    return sorted(found, key=lambda item: item["key"]["S"])


def test_what_one_sandbox_made_the_others_find(sandboxes: Sandboxes, clock: FakeClock) -> None:
    find, calls = counted(revalidate=60, tags=["a"])

    for name in ("first", "second", "first", "third"):
        sandboxes.enter(name)
        assert find() == [1]
    clock.pass_seconds(61)
    assert find() == [2]
    sandboxes.enter("first")  # its memory's value is over, too: the table has a newer one
    assert (find(), len(calls)) == ([2], 2)


def test_an_item_has_what_the_console_can_read_and_a_time_to_live(
    sandboxes: Sandboxes, dynamodb: Any, clock: FakeClock
) -> None:
    find, _ = counted({"a": "é"}, revalidate=60, tags=["b", "a"])
    sandboxes.enter("first")
    find()
    expire_tags(["Products"])

    tag, value = items(dynamodb)
    made_at = float(value["made_at"]["N"])

    assert tag["key"] == {"S": "tag#products"}
    assert int(tag["expires_at"]["N"]) == int(float(tag["invalidated_at"]["N"])) + 31_536_000 + STALE_SECONDS
    assert sorted(value) == ["expires_at", "key", "lifetime_seconds", "made_at", "tags", "value"]
    assert value["key"]["S"].startswith("value#")
    assert value["lifetime_seconds"] == {"N": "60"}
    assert sorted(value["tags"]["SS"]) == ["a", "b"]
    assert value["expires_at"] == {"N": str(int(made_at) + 60 + STALE_SECONDS)}


SOURCE = """\
from edgeroutes import cache_tags, cached
made = []
@cached()
def find():
    made.append(1)
    cache_tags("unforeseen")
    return [len(made)]
"""


def test_an_invalidation_in_one_sandbox_reaches_the_others_within_seconds(
    project: Make, sandboxes: Sandboxes, clock: FakeClock
) -> None:
    """In uncached responses; a sandbox looks a tag up every five seconds."""
    routes = project(SOURCE + "def GET(): return find()\n")
    for name in ("first", "second"):
        sandboxes.enter(name)
        assert routes.get("/x").json() == [1]

    sandboxes.enter("first")
    expire_tags(["Unforeseen"])
    assert routes.get("/x").json() == [2]
    sandboxes.enter("second")
    assert routes.get("/x").json() == [1]
    clock.pass_seconds(6)
    assert routes.get("/x").json() == [2]
    assert routes.module("x/route.py").made == [1, 1]


def test_a_response_for_the_cdn_never_uses_a_value_that_another_sandbox_invalidated(
    project: Make, sandboxes: Sandboxes
) -> None:
    """The CDN has just invalidated the response; the old value would be cached for another lifetime."""
    routes = project(SOURCE + "revalidate = 60\ndef GET(): return find()\n")
    for name in ("first", "second"):
        sandboxes.enter(name)
        assert routes.get("/x").json() == [1]

    sandboxes.enter("first")
    expire_tags(["unforeseen"])
    sandboxes.enter("second")

    assert routes.get("/x").json() == [2]


def test_a_new_sandbox_finds_no_value_of_an_invalidated_tag(sandboxes: Sandboxes) -> None:
    find, _ = counted(tags=["a"])
    sandboxes.enter("first")
    find()
    expire_tags(["a"])

    sandboxes.enter("second")

    assert find() == [2]


def test_a_slow_making_does_not_overwrite_a_later_one(dynamodb: Any) -> None:
    table = TableStore(TABLE)

    def entry(made_at: float, value: str) -> Any:
        return make_entry(value, made_at=made_at, lifetime_seconds=60, tags=(), where="find")

    table.write("key", entry(200.0, "later"))
    table.write("key", entry(100.0, "earlier"))
    found, _ = table.read("key", [])

    assert found is not None
    assert (found.value(), found.made_at) == ("later", 200.0)


@dataclass
class Product:
    name: str


def test_what_json_does_not_give_back_stays_in_one_sandbox_and_says_so(
    sandboxes: Sandboxes, dynamodb: Any, log_lines: LogLines
) -> None:
    find, calls = counted(Product("pen"), revalidate=60)

    sandboxes.enter("first")
    assert (find(), find(), len(calls), items(dynamodb)) == (Product("pen"), Product("pen"), 1, [])
    (line,) = log_lines()
    assert (line["level"], line["message"].partition(".find: ")[2]) == (
        "WARNING",
        "the value stays in the memory of one sandbox: JSON would not give it back as it was. Return dicts, lists, text and numbers.",
    )
    sandboxes.enter("second")
    find()
    assert len(calls) == 2


def test_what_is_too_big_for_an_item_stays_in_one_sandbox_and_says_so_once(
    sandboxes: Sandboxes, dynamodb: Any, clock: FakeClock, log_lines: LogLines
) -> None:
    noise = random.Random(1).randbytes(500_000).hex()
    find, calls = counted(noise, revalidate=60)
    sandboxes.enter("first")

    assert find() == find() == noise
    clock.pass_seconds(61)
    find()

    assert (len(calls), items(dynamodb)) == (2, [])
    assert [line["message"].partition(".find: ")[2] for line in log_lines()] == [
        "the value stays in the memory of one sandbox: it is bigger than the 400 KB of a table's item. Return less."
    ]


def test_a_table_that_cannot_be_read_costs_a_making_and_one_line(
    dynamodb: Any, clock: FakeClock, log_lines: LogLines
) -> None:
    end = use_data_cache(DataCache(TableStore("missing"), clock=clock))
    find, calls = counted(revalidate=60, tags=["a"])

    assert [find(), find()] == [[1], [2]]
    with pytest.raises(StoreError, match=r"^table missing: An error occurred \(ResourceNotFoundException\)"):
        expire_tags(["a"])
    end()

    assert len(calls) == 2
    assert {line["message"].partition(" when ")[0] for line in log_lines()} == {
        "table missing: An error occurred (ResourceNotFoundException)"
    }


def test_a_value_of_many_tags_is_looked_up_in_batches(sandboxes: Sandboxes) -> None:
    find, _ = counted(revalidate=60, tags=[f"t{number:03}" for number in range(150)])
    for name in ("first", "second"):
        sandboxes.enter(name)
        assert find() == [1]
    expire_tags(["t149"])
    sandboxes.enter("first")
    assert find() == [2]


def test_an_invalidation_that_arrives_late_does_not_undo_a_later_one(dynamodb: Any) -> None:
    table = TableStore(TABLE)

    table.invalidate(["a"], 200.0)
    table.invalidate(["A"], 100.0)

    assert table.read(None, ["a"]) == (None, {"a": 200.0})


def test_many_tags_are_invalidated(sandboxes: Sandboxes, dynamodb: Any) -> None:
    sandboxes.enter("first")
    expire_tags([f"t{number:02}" for number in range(60)])

    assert [item["key"]["S"] for item in items(dynamodb)] == [f"tag#t{number:02}" for number in range(60)]


def test_an_invalid_entry_is_deleted(project: Make, sandboxes: Sandboxes, dynamodb: Any, clock: FakeClock) -> None:
    source = """\
from edgeroutes import cached, not_found
mode = {"gone": False}
@cached(revalidate=10)
def find():
    return not_found() if mode["gone"] else "there"
def GET(): return find()
"""
    routes = project(source)
    sandboxes.enter("first")
    routes.get("/x")
    assert len(items(dynamodb)) == 1
    routes.module("x/route.py").mode["gone"] = True
    clock.pass_seconds(11)

    routes.finish(routes.get("/x"))

    assert items(dynamodb) == []


def test_the_process_takes_the_table_from_its_environment(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from edgeroutes.services import data_cache as module

    monkeypatch.setattr(module, "_caches", [])
    monkeypatch.setenv("EDGEROUTES_DATA_CACHE_TABLE", TABLE)
    find, _ = counted(revalidate=60)

    find()

    assert data_cache() is data_cache()
    assert [json.loads(json.dumps(item["lifetime_seconds"])) for item in items(dynamodb)] == [{"N": "60"}]


@pytest.mark.parametrize("needs_loop", [False, True])
def test_async_functions_use_it_as_well(project: Make, sandboxes: Sandboxes, needs_loop: bool) -> None:
    source = SOURCE.replace("def find", "async def find") + "async def GET(): return await find()\n"
    routes = project(source, needs_loop=needs_loop)

    for name in ("first", "second"):
        sandboxes.enter(name)
        assert routes.get("/x").json() == [1]
