"""Next.js' own route handler cases, through every adapter. The app that they ask is `app/`; where we differ, `departures`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.routing.scan import scan
from tests.conformance.departures import DEPARTURES, PAGE, REFUSALS, SKIP_KINDS, SKIPS, render_page
from tests.conformance.drivers import Settings
from tests.conformance.expectations import differences
from tests.fakes.file_tree import FakeFileTree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.conformance.drivers import Driver, ReceivedResponse

SHARED = Path(__file__).parents[3] / "shared"
CASE_FILE = SHARED / "cases" / "nextjs.json"
CASES: list[dict[str, Any]] = json.loads(CASE_FILE.read_text("utf-8")) if CASE_FILE.is_file() else []
REQUESTS = {case["id"]: case for case in CASES if case["request"] and case["id"] not in REFUSALS}
BUILDS = {case["id"]: case for case in CASES if not case["request"] and case["id"] not in REFUSALS}

pytestmark = pytest.mark.skipif(not CASES, reason=f"{CASE_FILE} is absent: the cases are not part of this repository")


@pytest.mark.parametrize("case_id", REQUESTS)
def test_a_request_gets_the_response_of_next_or_of_the_departure(
    case_id: str, adapter: str, open_driver: Callable[[str, str, Settings], Driver]
) -> None:
    case = REQUESTS[case_id]
    skip = SKIPS.get(case_id)
    if skip is not None and adapter in (skip.adapters or (adapter,)):
        pytest.skip(f"{SKIP_KINDS[skip.kind]}: {skip.why}")
    departure = DEPARTURES.get(case_id)
    expect = case["expect"]
    if departure is not None and adapter in (departure.adapters or (adapter,)):
        expect = departure.expect(expect)
    driver = open_driver(adapter, "app", _settings(case))
    before = [_step(driver, step) for step in case.get("before", ())]
    response = _send(driver, case["request"])
    assert differences(response, expect, first=before[0] if before else None) == []


def _settings(case: Mapping[str, Any]) -> Settings:
    return Settings(base_path=case.get("config", {}).get("basePath", ""))


def _step(driver: Driver, step: Mapping[str, Any]) -> ReceivedResponse | None:
    """What goes before: a pause, a request that is broken off, or one whose status is known."""
    if "sleep" in step:
        driver.settle(step["sleep"])
        return None
    if "disconnect" in step:
        has_byte = "no byte" not in step["disconnect"]
        driver.send_and_leave(step["method"], step["path"], step.get("query", ""), has_byte=has_byte)
        return None
    response = _send(driver, step)
    assert response.status == step.get("status", 200)
    return response


def _send(driver: Driver, request: Mapping[str, Any]) -> ReceivedResponse:
    headers = list((request.get("headers") or {}).items())
    return driver.send(
        request["method"], request["path"], request.get("query", ""), headers, (request.get("body") or "").encode()
    )


HANDLER = "def GET():\n    return {}\n"
BUILD_FILES: dict[str, dict[str, str]] = {
    "build-config-not-literal": {"functions/x/route.py": f"revalidate = 60 * 10\n\n\n{HANDLER}"},
}


def _build_files(case: Mapping[str, Any]) -> dict[str, str]:
    if case["id"] in BUILD_FILES:
        return BUILD_FILES[case["id"]]
    folders = [path.removesuffix("/route").strip("/") for path in case["route"]]
    return {f"functions/{folder}/route.py".replace("//", "/"): HANDLER for folder in folders}


@pytest.mark.parametrize("case_id", BUILDS)
def test_a_layout_builds_or_is_refused_as_in_next(case_id: str) -> None:
    case = BUILDS[case_id]
    if case_id in SKIPS:
        pytest.skip(f"{SKIP_KINDS[SKIPS[case_id].kind]}: {SKIPS[case_id].why}")
    found = scan(FakeFileTree(_build_files(case)))
    if case["expect"]["build"] == "error":
        assert len(found.problems) == 1
    else:
        order = case["expect"]["notes"].removeprefix("Sorted order: ")
        assert [route.route_path for route in found.routes] == [path.strip() for path in order.split(",")]


@pytest.mark.parametrize("case_id", REFUSALS)
def test_a_project_is_refused_or_taken_otherwise_than_in_next(case_id: str) -> None:
    refusal = REFUSALS[case_id]
    problems = [str(problem) for problem in scan(FakeFileTree(refusal.files)).blocking_problems]
    assert problems == ([refusal.message] if refusal.message else [])


def test_every_row_of_the_tables_is_about_a_case_and_no_case_has_two() -> None:
    tables = [set(DEPARTURES), set(REFUSALS), set(SKIPS)]
    assert set.union(*tables) <= {case["id"] for case in CASES}
    assert len(set.union(*tables)) == sum(map(len, tables))


@pytest.mark.parametrize("case_id", DEPARTURES)
def test_a_departure_departs(case_id: str) -> None:
    expect = REQUESTS[case_id]["expect"]
    kept = {name: expect[name] for name in ("status", "headers", "body")}
    assert DEPARTURES[case_id].expect(expect) != kept


def test_the_page_about_differences_is_current() -> None:
    assert PAGE.read_text("utf-8") == render_page(), "run: python -m tests.conformance.departures"
