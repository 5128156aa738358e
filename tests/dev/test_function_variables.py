"""`os.environ` of several functions in one process."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from os import environ as taken_before
from typing import TYPE_CHECKING

import pytest

from edgeroutes.dev.function_environment import (
    FunctionVariables,
    common_variables,
    per_function_environ,
    running,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TABLE", "of-all")
    monkeypatch.setenv("HIDDEN", "of-another")
    monkeypatch.setenv("SHELL_SAYS", "shell")
    with per_function_environ():
        yield


def function(table: str) -> FunctionVariables:
    return FunctionVariables(own={"TABLE": table}, hidden=frozenset({"HIDDEN"}))


def seen() -> tuple[object, ...]:
    everything = {name: value for name, value in os.environ.items() if name in {"TABLE", "HIDDEN", "SHELL_SAYS"}}
    return (os.environ["TABLE"], os.getenv("HIDDEN"), taken_before["TABLE"], everything)


def test_a_function_sees_its_own_variables_and_none_of_its_neighbours() -> None:
    with running(function("users")):
        assert seen() == ("users", None, "users", {"TABLE": "users", "SHELL_SAYS": "shell"})
        with pytest.raises(KeyError):
            os.environ["HIDDEN"]
    assert seen() == (
        "of-all",
        "of-another",
        "of-all",
        {"TABLE": "of-all", "HIDDEN": "of-another", "SHELL_SAYS": "shell"},
    )


def test_side_by_side_each_has_its_own_and_a_thread_without_context_what_all_agree_on() -> None:
    with ThreadPoolExecutor(1) as pool, running(function("users")):
        context = copy_context()
        assert pool.submit(context.run, os.getenv, "TABLE").result() == "users"
        assert pool.submit(os.getenv, "TABLE").result() == "of-all"
        with running(function("posts")):
            assert os.environ["TABLE"] == "posts"
        assert os.environ["TABLE"] == "users"


def test_what_a_handler_sets_and_deletes_is_its_functions_and_of_other_names_the_processs() -> None:
    users = function("users")
    with running(users):
        os.environ["TABLE"] = "other"
        os.environ["HIDDEN"] = "now its own"
        os.environ["SHELL_SAYS"] = "changed"
        assert (os.environ["TABLE"], os.environ["HIDDEN"]) == ("other", "now its own")
        del os.environ["HIDDEN"]
        assert "HIDDEN" not in os.environ
        with pytest.raises(TypeError):
            os.environ["TABLE"] = 1  # type: ignore[assignment]
    assert (os.environ["TABLE"], os.environ["HIDDEN"], os.environ["SHELL_SAYS"]) == ("of-all", "of-another", "changed")
    assert users.own == {"TABLE": "other"}


def test_a_read_while_a_route_is_loaded_is_reported_with_who_reads() -> None:
    told: list[tuple[str, str, int]] = []
    variables = FunctionVariables(own={"TABLE": "users"}, on_import=lambda *read: told.append(read))
    with running(variables):
        line = (os.environ.get("TABLE"), test_a_read_while_a_route_is_loaded_is_reported_with_who_reads.__code__)[1]
        os.getenv("SHELL_SAYS")
    assert told == [("TABLE", __file__, line.co_firstlineno + 4)]


def test_afterwards_the_environment_is_what_it_was() -> None:
    kind = type(os.environ)
    with per_function_environ():
        pass
    assert type(os.environ) is kind


def test_common_are_those_on_which_all_that_have_them_agree() -> None:
    several = {"A": {"ONE": "1", "BOTH": "x", "DIFFERS": "a"}, "B": {"BOTH": "x", "DIFFERS": "b"}}
    assert common_variables(several) == {"ONE": "1", "BOTH": "x"}


class Late:
    """Variables that are not known; it records who reads all of them."""

    def __init__(self) -> None:
        self.asked: list[str | None] = []

    def for_name(self, name: str | None) -> None:
        self.asked.append(name)


def test_making_a_client_reads_no_variable_that_is_not_known_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "edgeroutes")
    late = Late()
    with per_function_environ(), running(late):
        boto3.Session(region_name="us-east-1").client("dynamodb")
        assert None not in late.asked
        dict(os.environ)
        assert None in late.asked
