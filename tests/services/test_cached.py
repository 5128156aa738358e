"""`cached`: values, keys, and the effect on the response."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, SecretStr

from edgeroutes import cached
from edgeroutes.errors import HandlerError
from edgeroutes.services.cached import call_key, function_key
from edgeroutes.services.data_cache import expire_tags

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgeroutes.services.data_cache import DataCache
    from tests.fakes.clock import FakeClock
    from tests.fakes.project import RouteProject

    Make = Callable[..., RouteProject]
    LogLines = Callable[[], list[dict[str, Any]]]


pytestmark = pytest.mark.usefixtures("cache")


def one_of_module() -> int:
    return 1


def counted(**options: Any) -> tuple[Callable[..., Any], list[tuple[object, ...]]]:
    """A cached function, and the calls that reached it."""
    calls: list[tuple[object, ...]] = []

    @cached(**options)
    def find(*args: object) -> list[object]:
        calls.append(args)
        return [len(calls), *map(repr, args)]

    return find, calls


def test_a_value_is_made_once_for_its_time_and_everyone_gets_a_copy(clock: FakeClock) -> None:
    find, calls = counted(revalidate=60)

    first = find("a")
    first.append("changed by its owner")
    clock.pass_seconds(59)

    assert find("a") == [1, "'a'"]
    clock.pass_seconds(2)
    assert find("a") == [2, "'a'"]
    assert calls == [("a",), ("a",)]


def test_without_parentheses_it_is_the_decorator_without_options(clock: FakeClock) -> None:
    calls: list[int] = []

    @cached
    def double(number: int) -> int:
        calls.append(number)
        return 2 * number

    @cached
    async def triple(number: int) -> int:
        calls.append(number)
        return 3 * number

    assert [double(4), double(4), asyncio.run(triple(5)), asyncio.run(triple(5))] == [8, 8, 15, 15]
    clock.pass_seconds(30 * 86_400)
    assert double(4) == 8
    assert calls == [4, 5]


@pytest.mark.parametrize("value", [60, "products", ["products"]])
def test_an_option_without_its_name_is_refused(value: Any) -> None:
    with pytest.raises(HandlerError, match=r"is not a function. Name the option: @cached\(revalidate=60\)"):
        cached(value)


def test_without_revalidate_a_value_is_cached_until_a_tag_is_invalidated(clock: FakeClock) -> None:
    find, calls = counted(tags=["Products"])

    find()
    clock.pass_seconds(30 * 86_400)
    find()
    assert len(calls) == 1
    expire_tags(["products"])  # as CloudFront has it, in any case
    assert find() == [2]
    expire_tags(["other"])
    assert find() == [2]


def test_tags_may_be_made_of_the_arguments() -> None:
    find, _ = counted(tags=lambda product: [f"product:{product}"])

    assert [find(1), find(2), find(1)] == [[1, "1"], [2, "2"], [1, "1"]]
    expire_tags(["product:1"])
    assert [find(1), find(2)] == [[3, "1"], [2, "2"]]


def test_async_functions_are_remembered_just_so() -> None:
    calls = []

    @cached(revalidate=60)
    async def find(name: str, *, page: int = 1) -> str:
        calls.append(name)
        await asyncio.sleep(0)
        return f"{name} {page}"

    async def ask() -> list[str]:
        return [await find("a"), await find(name="a"), await find("a", page=1), await find("a", page=2)]

    assert asyncio.run(ask()) == ["a 1", "a 1", "a 1", "a 2"]
    assert calls == ["a", "a"]


@dataclass(frozen=True)
class Query:
    text: str
    since: date


def test_arguments_of_the_same_value_are_one_and_others_are_not() -> None:
    find, calls = counted()
    different: list[tuple[object, ...]] = [
        (),
        (1,),
        ("1",),
        (1.5,),
        (True,),
        (None,),
        ("a", "b"),
        ("a,b",),
        (["a", "b"],),
        ({"a": 1, "b": 2},),
        ({1, 2},),
        (b"1",),
        (date(2026, 1, 1),),
        ("2026-01-01",),
        (Decimal(1),),
        (Query("a", date(2026, 1, 1)),),
        (Query("b", date(2026, 1, 1)),),
        (Query,),
        ({1: "a"},),
        ({"1": "a"},),
    ]
    for args in different:
        find(*args)
        find(*args)
    find({"b": 2, "a": 1})
    find({2, 1})

    assert calls == different


class Login(BaseModel, extra="allow"):
    name: str
    user_id: int = Field(0, exclude=True)
    password: SecretStr | None = None


def test_fields_that_a_model_leaves_out_of_its_json_are_part_of_the_key() -> None:
    find, calls = counted(revalidate=60)
    different = [
        (Login(name="ann", user_id=1),),
        (Login(name="ann", user_id=2),),
        ([Login(name="ann", user_id=3)],),
        (Login.model_validate({"name": "ann", "user_id": 1, "more": 1}),),
        (Query("a", Login(name="ann", user_id=1)),),  # type: ignore[arg-type]
        (Query("a", Login(name="ann", user_id=2)),),  # type: ignore[arg-type]
        ({1: Login(name="ann", user_id=1)},),
        ({1: Login(name="ann", user_id=2)},),
    ]
    for args in [*different, *different]:
        find(*args)
    assert calls == different
    with pytest.raises(HandlerError, match=r"is SecretStr.* which cannot be part of a cache key"):
        find(Login(name="ann", password=SecretStr("a")))


def test_methods_need_a_key_if_the_instance_is_not_a_value() -> None:
    class Shop:
        def __init__(self, name: str) -> None:
            self.name = name

        @cached(revalidate=60)
        def unclear(self, item: str) -> str:
            return item

        @cached(revalidate=60, key=lambda self, item: (self.name, item))
        def price(self, item: str) -> str:
            return f"{item} at {self.name}"

        @classmethod
        @cached(revalidate=60)
        def of(cls, item: str) -> str:
            return f"{cls.__name__} {item}"

    problem = r"Shop\.unclear: argument 'self' is <.* of type Shop, which cannot be part of a cache key\. Give plain values, or"
    with pytest.raises(HandlerError, match=problem):
        Shop("a").unclear("pen")
    assert [Shop("a").price("pen"), Shop("b").price("pen")] == ["pen at a", "pen at b"]
    assert [Shop.of("pen"), Shop.of("ink")] == ["Shop pen", "Shop ink"]


def test_it_may_be_called_on_a_function_that_is_there_already() -> None:
    class Client:
        def __init__(self) -> None:
            self.asked = 0

        def rates(self, base: str) -> str:
            self.asked += 1
            return base

    client = Client()
    rates = cached(revalidate=60, key=lambda base: base)(client.rates)

    assert [rates("EUR"), rates("EUR"), client.asked] == ["EUR", "EUR", 1]


def test_what_one_user_s_call_captured_is_never_given_to_another() -> None:
    def response(user: object) -> object:
        @cached(revalidate=60)
        def profile() -> object:
            return user

        return profile()

    users = ["ann", "bob", "ann", 1, True, None, ("a", 1), {"name": "ann"}, {"name": "bob"}, {"name": "ann"}]
    assert [response(user) for user in users] == users


def test_functions_that_one_decorator_made_are_several() -> None:
    def plainly(function: Callable[[], int]) -> Callable[[], int]:
        return lambda: 1 * function()

    def times(number: int) -> Callable[[Callable[[], int]], Callable[[], int]]:
        def decorate(function: Callable[[], int]) -> Callable[[], int]:
            @wraps(function)
            def call() -> int:
                return number * function()

            return call

        return decorate

    def one() -> int:
        return 1

    def two() -> int:
        return 2

    made = [
        plainly(one),
        plainly(two),
        times(3)(one),
        times(4)(one),
        partial(max, 5, 0),
        partial(max, 6, 0),
        partial(min, 5, 0),
    ]
    assert [cached(revalidate=60)(each)() for each in made] == [1, 2, 3, 4, 5, 6, 0]


def test_objects_that_can_be_called_are_several() -> None:
    class Constant:
        def __init__(self, value: int) -> None:
            self.value = value

        def __call__(self) -> int:
            return self.value

    made = [Constant(1), Constant(2), partial(Constant(3)), {"a": 4}.copy, {"a": 5}.copy]
    assert [cached(revalidate=60)(each)() for each in made] == [1, 2, 3, {"a": 4}, {"a": 5}]


def test_objects_that_a_decorator_uses_for_every_call_are_not_part_of_the_key() -> None:
    """A logger, say: else no other sandbox would find the value."""
    calls = []

    def find() -> int:
        return len(calls)

    def logged(function: Callable[[], int], log: Any) -> Callable[[], int]:
        @wraps(function)
        def call() -> int:
            log.append(1)
            return function()

        return call

    def response(user: dict[str, str]) -> object:
        @cached(revalidate=60)
        @partial(logged, log=[user])
        def profile() -> object:
            return user["name"]  # captured here, and by what decorates it

        return profile()

    assert [response({"name": name}) for name in ("ann", "bob")] == ["ann", "bob"]
    assert function_key(logged(one_of_module, [])) == function_key(logged(one_of_module, []))
    assert function_key(logged(find, calls)) != function_key(logged(find, calls))


def test_a_function_that_calls_itself_may_be_inside_another() -> None:
    @cached(revalidate=60)
    def factorial(number: int) -> int:
        return 1 if number < 2 else number * factorial(number - 1)

    assert factorial(5) == 120


def test_who_asks_after_an_invalidation_is_not_given_what_was_begun_before_it() -> None:
    data, begun, may_end = ["old"], threading.Event(), threading.Event()

    @cached(tags=["a"])
    def find() -> str:
        found = data[0]
        if not begun.is_set():
            begun.set()
            may_end.wait(10)
        return found

    async def ask() -> list[str]:
        loop = asyncio.get_running_loop()
        first = loop.run_in_executor(None, find)
        await loop.run_in_executor(None, begun.wait)
        data[0] = "new"
        expire_tags(["a"])
        second = loop.run_in_executor(None, find)
        await asyncio.sleep(0.05)
        may_end.set()
        return await asyncio.gather(first, second)

    assert asyncio.run(ask()) == ["old", "new"]


def test_a_function_that_was_changed_has_none_of_its_old_values() -> None:
    def made(source: str) -> Any:
        names: dict[str, Any] = {"__name__": "module"}
        exec(source, names)
        return cached(revalidate=60)(names["find"])()

    assert made("def find():\n    return 1") == 1
    assert made("def find():\n    return 2") == 2
    assert made("\n\ndef find():\n    return 2") == 2


@pytest.mark.parametrize(
    "value",
    [
        None,
        0,
        "",
        [],
        {},
        "é\ud800",
        1e300,
        {"a": [None, True]},
        (1, 2),
        {3},
        Decimal("1.50"),
        Query("a", date(2026, 1, 1)),
    ],
)
def test_a_value_comes_back_as_it_was(value: object) -> None:
    calls = []

    @cached(revalidate=60)
    def find() -> object:
        calls.append(1)
        return value

    find()
    again = find()

    assert (again, type(again), len(calls)) == (value, type(value), 1)


@pytest.mark.parametrize("value", [(n for n in ()), object(), threading.Lock(), Query])
def test_a_value_other_than_data_is_an_error(value: object) -> None:
    @cached(revalidate=60)
    def find() -> object:
        return value

    problem = r"find: it returned .* of type \w+, which cannot be cached\. Return data: dicts, lists, text, numbers, dataclasses or"
    with pytest.raises(HandlerError, match=problem):
        find()


def test_what_cannot_be_cached_is_refused_at_once() -> None:
    def generator() -> Any:
        yield 1

    for options, function, problem in (
        (
            {"revalidate": 0},
            len,
            "cached(): revalidate is 0. Allowed: whole seconds from 1, and False for as long as possible.",
        ),
        ({"revalidate": True}, len, "cached(): revalidate is True. Allowed: whole seconds from 1"),
        ({"tags": "products"}, len, "cached(): tags are 'products'. Allowed: a list of strings. Put it into a list."),
        ({"tags": ["a,b"]}, len, "cached(): tag 'a,b' has a character that CloudFront does not accept."),
        ({}, generator, "generator: a generator has no value that can be cached. Return a list."),
        ({}, staticmethod(len), "cached(): a staticmethod cannot be cached. Write @staticmethod above @cached(…)."),
    ):
        with pytest.raises(HandlerError) as raised:
            cached(**options)(function)  # type: ignore[arg-type]
        assert problem in str(raised.value)


def test_an_error_is_not_remembered() -> None:
    calls = []

    @cached(revalidate=60)
    def find() -> int:
        calls.append(1)
        if len(calls) == 1:
            raise OSError("down")
        return len(calls)

    with pytest.raises(OSError, match="down"):
        find()
    assert [find(), find()] == [2, 2]


def test_a_function_may_ask_for_itself() -> None:
    @cached(revalidate=60)
    def factorial(n: int) -> int:
        return 1 if n == 0 else n * factorial(n - 1)

    assert factorial(6) == 720


def test_two_hundred_tasks_and_as_many_threads_call_it_once() -> None:
    calls = []

    @cached(revalidate=60)
    async def find() -> str:
        calls.append("task")
        await asyncio.sleep(0.05)
        return "found"

    started = threading.Barrier(200)

    @cached(revalidate=60)
    def find_blocking() -> str:
        calls.append("thread")
        threading.Event().wait(0.05)
        return "found"

    async def all_of_them() -> list[str]:
        return await asyncio.gather(*(find() for _ in range(200)))

    found: list[str] = []

    def ask() -> None:
        started.wait()
        found.append(find_blocking())

    threads = [threading.Thread(target=ask) for _ in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert asyncio.run(all_of_them()) == found == ["found"] * 200
    assert calls == ["thread", "task"]


def test_who_waits_gets_the_error_too_and_takes_over_from_who_was_cancelled() -> None:
    calls: list[int] = []

    @cached(revalidate=60)
    async def find(kind: str) -> str:
        calls.append(1)
        await asyncio.sleep(0.02)
        if kind == "error":
            raise OSError("down")
        return kind

    async def ask() -> None:
        failed = await asyncio.gather(find("error"), find("error"), return_exceptions=True)
        assert ([str(error) for error in failed], len(calls)) == (["down", "down"], 1)

        first, second = asyncio.ensure_future(find("ok")), asyncio.ensure_future(find("ok"))
        await asyncio.sleep(0.01)
        first.cancel()
        assert (await second, first.cancelled(), len(calls)) == ("ok", True, 3)

    asyncio.run(ask())


SOURCE = """\
from edgeroutes import Response, cache_tags, cached, headers, not_found
made = []
mode = {"fails": False}
@cached(revalidate=30, tags=["inner"])
def inner():
    return len(made)
@cached(revalidate=45, tags=["outer"])
def outer():
    cache_tags("named-inside")
    return inner()
@cached(revalidate=10, tags=["slow"])
def slow():
    made.append(1)
    if mode["fails"]:
        raise OSError("down")
    return f"value {len(made)}"
@cached(revalidate=10)
def gone():
    made.append(1)
    return not_found() if mode["fails"] else "there"
@cached(revalidate=10)
def personal():
    return headers()["x"]
"""


def test_the_lowest_lifetime_and_every_tag_count_for_the_response(project: Make) -> None:
    source = SOURCE + "revalidate = 60\ntags = ['route']\ndef GET(): return [outer()]\n"
    routes = project(source)

    for _ in range(2):  # what the first made with all that was in it, the second finds
        response = routes.get("/x")
        assert response.header("cache-control") == (
            "public, s-maxage=30, stale-while-revalidate=31535970, stale-if-error=31535970"
        )
        assert response.header("x-cache-tag") == "route,inner,named-inside,outer,_path:/x"


def test_a_route_that_is_not_kept_stays_so(project: Make) -> None:
    assert project(SOURCE + "def GET(): return inner()\n").get("/x").header("cache-control") == "private, no-store"


def test_a_cached_function_cannot_ask_who_asks(project: Make, log_lines: LogLines) -> None:
    routes = project(SOURCE + "def GET(): return personal()\n")

    assert routes.get("/x", [("x", "mine")]).status == 500
    assert (
        "headers were read, but what a cached function returns is the same for everyone. Ask outside it, and give it what it needs"
    ) in log_lines()[0]["exception"]


@pytest.mark.parametrize("needs_loop", [False, True])
@pytest.mark.parametrize("asynchronous", ["", "async "])
def test_a_dynamic_response_gets_the_stale_value_and_the_refresh_runs_after_it(
    project: Make, clock: FakeClock, needs_loop: bool, asynchronous: str
) -> None:
    wait = "await " if asynchronous else ""
    source = (
        SOURCE.replace("def slow", f"{asynchronous}def slow")
        + f"async def GET(): return [{wait}slow(), {wait}slow()]\n"
    )
    routes = project(source, needs_loop=needs_loop)
    made = lambda: len(routes.module("x/route.py").made)  # noqa: E731

    assert routes.get("/x").json() == ["value 1"] * 2
    clock.pass_seconds(11)
    response = routes.get("/x")
    assert (response.json(), made()) == (["value 1"] * 2, 1)
    routes.finish(response)
    assert made() == 2
    assert (routes.get("/x").json(), made()) == (["value 2"] * 2, 2)


def test_a_response_for_the_cdn_waits_for_the_new_value(project: Make, clock: FakeClock) -> None:
    """The CDN serves the stale response meanwhile; old data in the new one would be cached for another lifetime."""
    routes = project(SOURCE + "revalidate = 10\ndef GET(): return slow()\n")

    routes.get("/x")
    clock.pass_seconds(11)

    assert routes.get("/x").text == "value 2"


@pytest.mark.parametrize("config", ["", "revalidate = 60"])
def test_a_refresh_that_fails_keeps_the_old_value_logs_and_is_tried_again_later(
    project: Make, clock: FakeClock, log_lines: LogLines, config: str
) -> None:
    routes = project(f"{SOURCE}{config}\ndef GET(): return slow()\n")

    def ask() -> str:
        response = routes.get("/x")
        routes.finish(response)
        return response.text

    assert ask() == "value 1"
    module = routes.module("x/route.py")
    module.mode["fails"] = True
    clock.pass_seconds(11)
    assert ask() == "value 1"
    (line,) = log_lines()
    assert (
        line["message"].endswith("slow: the refresh failed, and the old value is kept"),
        line["exception_name"],
    ) == (
        True,
        "OSError",
    )
    clock.pass_seconds(5)
    assert (ask(), len(module.made)) == ("value 1", 2)  # not tried again so soon
    clock.pass_seconds(6)
    module.mode["fails"] = False
    ask()
    assert (ask(), log_lines()) == ("value 3", [])


def test_old_values_are_given_for_a_day_at_most(project: Make, clock: FakeClock, log_lines: LogLines) -> None:
    routes = project(SOURCE + "def GET(): return slow()\n")
    routes.get("/x")
    routes.module("x/route.py").mode["fails"] = True

    clock.pass_seconds(86_000)
    assert routes.get("/x").text == "value 1"
    clock.pass_seconds(1_000)
    assert routes.get("/x").status == 500
    assert len(log_lines()) == 1


def test_a_not_found_of_a_refresh_is_not_a_failure(project: Make, clock: FakeClock, log_lines: LogLines) -> None:
    routes = project(SOURCE + "def GET(): return gone()\n")
    assert routes.get("/x").text == "there"
    routes.module("x/route.py").mode["fails"] = True
    clock.pass_seconds(11)

    old = routes.get("/x")
    routes.finish(old)

    assert (old.text, routes.get("/x").status, log_lines()) == ("there", 404, [])


def test_outside_a_request_a_stale_value_is_made_anew_at_once(clock: FakeClock) -> None:
    find, _ = counted(revalidate=10)
    find()
    clock.pass_seconds(11)
    assert find() == [2]


def test_a_value_that_is_invalidated_during_its_computation_is_not_cached() -> None:
    calls = []

    @cached(tags=["a"])
    def find() -> int:
        calls.append(1)
        if len(calls) == 1:
            expire_tags(["a"])
        return len(calls)

    assert [find(), find(), find()] == [1, 2, 2]


def test_force_no_store_calls_each_time_and_makes_the_response_dynamic(project: Make) -> None:
    routes = project(SOURCE + "fetch_cache = 'force-no-store'\nrevalidate = 60\ndef GET(): return slow()\n")

    responses = [routes.get("/x") for _ in range(2)]

    assert [(response.text, response.header("cache-control")) for response in responses] == [
        ("value 1", "private, no-store"),
        ("value 2", "private, no-store"),
    ]


def test_a_test_may_clear_the_cache(cache: DataCache) -> None:
    find, calls = counted()
    find()
    cache.clear()
    find()
    assert len(calls) == 2


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def find(a: Any, b: Any = None, *rest: Any, c: Any = 1) -> None:
    """Takes what is given."""


def with_types(value: Any) -> Any:
    """The value with distinct types where Python compares them as equal and JSON does not: 1, 1.0 and True."""
    if isinstance(value, list):
        return [with_types(each) for each in value]
    if isinstance(value, dict):
        return {name: with_types(each) for name, each in value.items()}
    return type(value).__name__, repr(value)


@given(PLAIN, PLAIN)
def test_two_values_have_one_key_if_and_only_if_they_are_the_same(one: Any, other: Any) -> None:
    assert (call_key(find, [one], {}) == call_key(find, [other], {})) == (with_types(one) == with_types(other))


@given(PLAIN, PLAIN, PLAIN)
def test_by_name_by_place_or_by_default_is_the_same(a: Any, b: Any, c: Any) -> None:
    spelled = [((a, b), {"c": c}), ((a,), {"b": b, "c": c}), ((), {"c": c, "b": b, "a": a})]
    assert len({call_key(find, args, named) for args, named in spelled}) == 1
    assert call_key(find, (a, None), {"c": 1}) == call_key(find, (a,), {})


@given(st.lists(PLAIN, max_size=3), st.lists(PLAIN, max_size=3))
def test_what_has_no_name_counts_too(one: list[Any], other: list[Any]) -> None:
    keys = [call_key(find, [0, 0, *rest], {}) for rest in (one, other)]
    assert (keys[0] == keys[1]) == (with_types(one) == with_types(other))


def test_a_builtin_has_its_name_alone() -> None:
    assert function_key(len) == "builtins.len"
    assert function_key(find).startswith(f"{__name__}.find:")
