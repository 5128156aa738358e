"""pytest's plugin: `client`, `aws`, `lambda_event`, `frozen_time`, `logs` and `metrics`. Roof.

Nothing but pytest is imported, and nothing is done, before a test asks for a fixture.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from edgeroutes.testing.client import RouteClient
    from edgeroutes.testing.cloud import Aws
    from edgeroutes.testing.environment import FrozenTime
    from edgeroutes.testing.exchanges import Exchanges
    from edgeroutes.testing.functions import Functions
    from edgeroutes.testing.output import Metric

# moto's S3 keeps objects in temporary files, and copies them to list versions; nobody who tests a route can close those.
_OF_MOTO = ("S3 key was not disposed of in time", "Unclosed file <tempfile.SpooledTemporaryFile")
_ENVIRON = pytest.StashKey[dict[str, str]]()
_EXCHANGES: pytest.StashKey[Exchanges] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--edgeroutes-root`, and the same in the ini file."""
    about = (
        "the folder of the project whose routes are tested; by default the first above the tests that has a functions/"
    )
    parser.getgroup("edgeroutes").addoption("--edgeroutes-root", metavar="FOLDER", help=about)
    parser.addini("edgeroutes_root", about)


def pytest_configure(config: pytest.Config) -> None:
    """Remember the environment: what differs from it in a test was set by that test. And do not tell of moto's own litter."""
    for message in _OF_MOTO:
        config.addinivalue_line("filterwarnings", f"ignore:{message}:ResourceWarning")
    config.stash[_ENVIRON] = dict(os.environ)
    _put_root_on_path(config)


def _put_root_on_path(config: pytest.Config) -> None:
    """Have tests import the project's modules as its routes do, wherever pytest is started, and whichever of its commands."""
    invoked_in = config.invocation_params.dir
    option, setting = config.getoption("--edgeroutes-root"), config.getini("edgeroutes_root")
    starts = (
        [invoked_in / option] if option else [config.rootpath / setting] if setting else [config.rootpath, invoked_in]
    )
    for start in starts:
        for folder in (start,) if option or setting else (start, *start.parents):
            if (folder / "pyproject.toml").is_file() and _may_have_routes(folder):
                if str(folder) not in sys.path:
                    sys.path.insert(0, str(folder))
                return


def _may_have_routes(folder: Path) -> bool:
    """Whether it is a project of edgeroutes, without what reading its settings costs."""
    if (folder / "functions").is_dir():
        return True
    with suppress(OSError, UnicodeDecodeError):
        return "[tool.edgeroutes" in (folder / "pyproject.toml").read_text("utf-8")
    return False


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails shows what it asked last, and what came of it."""
    report = yield
    exchanges = item.stash.get(_EXCHANGES, None)
    if exchanges is not None and report.when == "call" and report.failed:
        report.sections += exchanges.sections()
    return report


@pytest.fixture(scope="session")
def edgeroutes_root(pytestconfig: pytest.Config) -> Path:
    """The project's folder. A conftest.py may have a fixture of this name instead."""
    from edgeroutes.testing.root import find_root, require_root

    invoked_in, rootpath = pytestconfig.invocation_params.dir, pytestconfig.rootpath
    option, setting = pytestconfig.getoption("--edgeroutes-root"), pytestconfig.getini("edgeroutes_root")
    with _told():
        if option or setting:
            return require_root(invoked_in / option if option else rootpath / setting)
        return find_root(rootpath, invoked_in)


@pytest.fixture(scope="session")
def edgeroutes_functions(edgeroutes_root: Path, pytestconfig: pytest.Config) -> Functions:
    """The project's functions, read once."""
    from edgeroutes.testing.functions import Functions

    with _told():
        return Functions(edgeroutes_root, pytestconfig.stash[_ENVIRON])


@pytest.fixture(scope="session")
def edgeroutes_parameters() -> dict[str, str]:
    """Values for the parameters of infra/ that have no default. A conftest.py may have a fixture of this name instead."""
    return {}


@pytest.fixture(scope="session")
def edgeroutes_aws(edgeroutes_functions: Functions, edgeroutes_parameters: dict[str, str]) -> Iterator[Aws]:
    """The project's resources, made by the first test that asks for `aws`."""
    from edgeroutes.testing.cloud import Aws

    aws = Aws(edgeroutes_functions, edgeroutes_parameters)
    yield aws
    aws.close()


@pytest.fixture
def edgeroutes_test(edgeroutes_functions: Functions) -> Iterator[Functions]:
    """The functions for one test: nothing is logged yet, and all that they start ends with it."""
    from edgeroutes.testing.environment import restored_environment
    from edgeroutes.testing.network import without_aws

    edgeroutes_functions.output.clear()
    edgeroutes_functions.left_out.clear()
    with restored_environment(), without_aws():
        yield edgeroutes_functions
        edgeroutes_functions.close()


@pytest.fixture
def aws(edgeroutes_aws: Aws, edgeroutes_test: Functions) -> Iterator[Aws]:
    """AWS on the desk: the project's resources, with the data of infra/seed and no other."""
    with _told():
        test = edgeroutes_aws.for_one_test()
        entered = test.__enter__()
    try:
        yield entered
    finally:
        edgeroutes_test.close()  # what runs on it ends while it is there
        test.__exit__(None, None, None)


@pytest.fixture
def client(request: pytest.FixtureRequest, edgeroutes_test: Functions) -> RouteClient:
    """The project's routes, asked by the events that Lambda would get. With `aws` in the same test, in whichever order, they find it."""
    from edgeroutes.testing import exchanges
    from edgeroutes.testing.client import RouteClient

    asked = request.node.stash[_EXCHANGES] = exchanges.Exchanges(edgeroutes_test.left_out)
    return RouteClient(functions=edgeroutes_test, watch=asked.add)


@pytest.fixture
def logs(edgeroutes_test: Functions) -> list[dict[str, Any]]:
    """What the functions have logged in this test: each line a dict, one that is no JSON its `message`."""
    return edgeroutes_test.output.logs


@pytest.fixture
def metrics(edgeroutes_test: Functions) -> list[Metric]:
    """The metrics that the functions have written in this test."""
    return edgeroutes_test.output.metrics


@pytest.fixture
def lambda_event() -> Callable[..., dict[str, Any]]:
    """`lambda_event("http-api", "POST", "/users", json={…})`: the event that a function would get."""
    from edgeroutes.testing.events import lambda_event

    return lambda_event


@pytest.fixture
def frozen_time() -> Iterator[FrozenTime]:
    """Time stands still, from now on: `frozen_time.move_to("2026-11-21T08:00Z")`, `frozen_time.shift(60)`."""
    try:
        import time_machine
    except ModuleNotFoundError:
        pytest.fail("frozen_time: time-machine is not installed. Run: pip install 'edgeroutes[testing]'", pytrace=False)
    import time

    with time_machine.travel(time.time(), tick=False) as traveller:
        yield traveller


@contextmanager
def _told() -> Iterator[None]:
    """What is wrong with a project is told by its own words, without a traceback through this file."""
    from edgeroutes.errors import EdgeroutesError

    told = ""
    try:
        yield
    except EdgeroutesError as error:
        told = str(error)
    if told:
        raise pytest.fail.Exception(told, pytrace=False) from None  # the report is not of two errors
