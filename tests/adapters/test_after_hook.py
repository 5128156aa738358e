"""The hook between a response and the next invocation. The real client over a real socket: tests/system/test_runtime_api.py."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.adapters.proxy import PendingResponse, find_client_class, install_after_hook

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.conftest import RouteProject

MODULE = "awslambdaric.lambda_runtime_client"


def make_client(steps: list[str]) -> type:
    """A class as awslambdaric 3 and 4 have it, which notes what it sends."""

    class BaseLambdaRuntimeClient:
        def post_invocation_result(
            self,
            invoke_id: str,
            result_data: Any,
            content_type: str = "application/json",
            invocation_id: str | None = None,
        ) -> str:
            steps.append(f"sent {result_data} as {content_type} {invocation_id}")
            if result_data == "broken":
                raise OSError("broken pipe")
            return "posted"

    return BaseLambdaRuntimeClient


@pytest.fixture
def awslambdaric(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """An awslambdaric to put client classes into, as if Lambda had loaded it."""
    module = ModuleType(MODULE)
    monkeypatch.setitem(sys.modules, MODULE, module)
    return module


def test_what_is_hooked_runs_when_the_response_is_out(awslambdaric: ModuleType) -> None:
    steps: list[str] = []
    client_class: Any = make_client(steps)
    awslambdaric.BaseLambdaRuntimeClient = client_class  # type: ignore[attr-defined]

    assert install_after_hook(lambda: steps.append("after")) is True

    class LambdaRuntimeClient(client_class):  # type: ignore[misc]
        pass

    assert LambdaRuntimeClient().post_invocation_result("1", "data", "text/plain", invocation_id="i") == "posted"
    assert steps == ["sent data as text/plain i", "after"]


def test_it_runs_although_the_response_could_not_be_sent(awslambdaric: ModuleType) -> None:
    steps: list[str] = []
    client_class: Any = make_client(steps)
    awslambdaric.LambdaRuntimeClient = client_class  # type: ignore[attr-defined]
    install_after_hook(lambda: steps.append("after"))

    with pytest.raises(OSError, match="broken pipe"):
        client_class().post_invocation_result("1", "broken")
    assert steps == ["sent broken as application/json None", "after"]


def test_a_client_is_hooked_once_and_all_that_is_given_runs(awslambdaric: ModuleType) -> None:
    steps: list[str] = []
    client_class: Any = make_client(steps)
    awslambdaric.LambdaRuntimeClient = client_class  # type: ignore[attr-defined]
    for name in ("first", "second"):
        install_after_hook(lambda name=name: steps.append(name))  # type: ignore[misc]

    client_class().post_invocation_result("1", PendingResponse(lambda *_: steps.append("streamed")))
    client_class().post_invocation_result("2", "data")

    assert steps == ["streamed", "first", "second", "sent data as application/json None", "first", "second"]


@pytest.mark.parametrize(
    ("args", "kwargs", "expected"),
    [
        ((), {}, None),
        (("text/plain",), {}, None),
        (("text/plain", "attempt"), {}, "attempt"),
        (("text/plain", "attempt", "of a client to come"), {}, "attempt"),
        ((), {"content_type": "text/plain", "invocation_id": "attempt", "other": 1}, "attempt"),
    ],
)
def test_a_pending_response_is_given_both_ids_however_the_client_is_called(
    awslambdaric: ModuleType, args: tuple[Any, ...], kwargs: dict[str, Any], expected: str | None
) -> None:
    client_class: Any = make_client([])
    awslambdaric.LambdaRuntimeClient = client_class  # type: ignore[attr-defined]
    install_after_hook(lambda: None)
    given: list[tuple[str, str | None]] = []

    client_class().post_invocation_result("1", PendingResponse(lambda *ids: given.append(ids)), *args, **kwargs)

    assert given == [("1", expected)]


def test_a_client_below_which_a_class_sends_in_its_own_way_is_left_alone(awslambdaric: ModuleType) -> None:
    client_class: Any = make_client([])
    awslambdaric.BaseLambdaRuntimeClient = client_class  # type: ignore[attr-defined]

    class LambdaRuntimeClient(client_class):  # type: ignore[misc]
        pass

    class OwnWay(LambdaRuntimeClient):
        def post_invocation_result(self, invoke_id: str, result_data: Any) -> None: ...

    assert (find_client_class(), install_after_hook(print)) == (None, False)
    assert OwnWay.mro()[1] is LambdaRuntimeClient


class OtherArguments:
    def post_invocation_result(self, response: Any) -> None: ...


class NoSuchMethod:
    pass


class NotPython:
    post_invocation_result = print


@pytest.mark.parametrize("client_class", [OtherArguments, NoSuchMethod, NotPython, None])
def test_a_client_that_is_not_as_known_is_left_alone(awslambdaric: ModuleType, client_class: Any) -> None:
    before = dict(vars(client_class)) if client_class else {}
    awslambdaric.LambdaRuntimeClient = client_class  # type: ignore[attr-defined]

    assert (find_client_class(), install_after_hook(print)) == (None, False)
    assert (dict(vars(client_class)) if client_class else {}) == before


def test_without_awslambdaric_there_is_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, MODULE, raising=False)

    assert (find_client_class(), install_after_hook(print)) == (None, False)


def test_the_class_of_the_installed_awslambdaric_is_found() -> None:
    program = f"""
        import {MODULE} as module
        from edgeroutes.adapters.proxy import find_client_class
        assert find_client_class() is module.BaseLambdaRuntimeClient, find_client_class()
    """

    subprocess.run([sys.executable, "-c", dedent(program)], check=True)


@pytest.mark.parametrize("fails", [False, True])
def test_after_waits_for_the_client_to_send_the_response(
    awslambdaric: ModuleType, project: RouteProject, log_lines: Callable[[], list[dict[str, Any]]], fails: bool
) -> None:
    steps: list[str] = []
    client_class: Any = make_client(steps)
    awslambdaric.BaseLambdaRuntimeClient = client_class  # type: ignore[attr-defined]
    project.write(
        "x/route.py",
        f"""
        from edgeroutes import after
        steps = None
        async def note():
            steps.append("after")
            after(lambda: steps.append("nested"))
            {"1 / 0" if fails else ""}
        async def GET():
            after(note)
            return "response"
        """,
    )
    handler = project.handler()
    project.module("x/route.py").steps = steps

    for number in (1, 2):
        result = handler({"httpMethod": "GET", "path": "/x"}, None)
        assert steps[3 * number - 3 :] == []
        client_class().post_invocation_result(str(number), result["body"])

    assert steps == ["sent response as application/json None", "after", "nested"] * 2
    assert len(log_lines()) == 2 * fails
