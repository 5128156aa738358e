"""Every bundle of the example application by itself: under an interpreter that sees nothing else, and in AWS's runtime emulator."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.build.bytecode import packed_modules
from edgeroutes.dev.gateway import read_result
from tests.build.projects import run_alone
from tests.system.emulator import Emulator, find_emulator
from tests.system.example import ASKS, FALLBACK, environment_of, in_process, settled

if TYPE_CHECKING:
    from pathlib import Path

    from edgeroutes.local_aws.stack import ProjectCloud
    from edgeroutes.testing import RouteClient
    from edgeroutes.types import Event
    from tests.system.example import Built, ReceivedResponse

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
FIRST_ASKS = {**{route_path: asks[0] for route_path, asks in ASKS.items()}, "no route": FALLBACK[0]}
_IMPORTS_BOTO3 = re.compile(rb"^\s*(?:import|from) boto(?:3|core)\b", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A bundle, its environment, the folders of what Lambda brings for it beside awslambdaric, an event, and the response to it."""

    bundle: Path
    variables: dict[str, str]
    brought: list[Path]
    event: Event
    expected: ReceivedResponse


@pytest.fixture(params=FIRST_ASKS)
def case(request: pytest.FixtureRequest, built: Built, server: ProjectCloud, client: RouteClient) -> Case:
    ask, bundle = FIRST_ASKS[request.param], built.bundle(request.param)
    brought = [request.getfixturevalue("boto3_folder")] if uses_boto3(bundle) else []
    variables = environment_of(bundle.name, server.cloud)
    expected = in_process(client, ask)
    return Case(bundle=bundle, brought=brought, variables=variables, event=ask.event(), expected=expected)


def test_every_route_has_requests_of_its_own(built: Built) -> None:
    routes = {route.route_path for function in built.plan.functions for route in function.routes}
    assert set(ASKS) == routes, "tests/system/example.py names each route of the example, and no other"


def test_a_bundle_has_bytecode_for_all_its_modules(built: Built) -> None:
    without = [
        path.relative_to(built.folder).as_posix()
        for path in built.folder.rglob("*.py")
        if path.stat().st_size and not list(path.parent.glob(f"__pycache__/{path.stem}.*.pyc"))
    ]
    assert without == []


def test_a_bundle_responds_where_nothing_else_can_be_imported(case: Case, target_python: Path) -> None:
    path = [case.bundle, *case.brought]
    assert response_of(run_alone(path, case.event, str(target_python), case.variables)) == case.expected


def test_a_bundle_responds_in_the_emulator(
    case: Case, target_python: Path, runtime_folder: Path, tmp_path: Path
) -> None:
    program = find_emulator()
    if program is None:
        pytest.skip("the Lambda runtime emulator is not here: run 'make sam' on Linux, or name it in EDGEROUTES_RIE")
    emulator = Emulator(
        program,
        case.bundle,
        tmp_path / "log",
        handler="edgeroutes_function.handler",
        python=[str(target_python), "-S"],
        path=[runtime_folder, *case.brought],
        variables=case.variables,
    )
    try:
        assert response_of(emulator.invoke(case.event)) == case.expected
    finally:
        emulator.stop()


def response_of(result: Any) -> ReceivedResponse:
    response = read_result(result)
    return settled(response.status, list(response.headers), response.body)


def uses_boto3(bundle: Path) -> bool:
    """Whether a module of the bundle imports it, and the bundle leaves it to Lambda; edgeroutes' own are bytecode."""
    if (bundle / "boto3").is_dir():
        return False
    named = any(b"boto3" in code for code in packed_modules(bundle).values())
    return named or any(_IMPORTS_BOTO3.search(file.read_bytes()) for file in bundle.rglob("*.py"))
