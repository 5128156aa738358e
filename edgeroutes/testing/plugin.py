"""pytest's plugin: `client`, `aws`, `lambda_event`, `frozen_time`, `logs` and `metrics`.

Before a test uses a fixture it imports only pytest, and does nothing.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.names import CONFIG_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from edgeroutes.testing.client import Functions, RouteClient
    from edgeroutes.testing.cloud import Aws
    from edgeroutes.testing.environment import FrozenTime, Metric
    from edgeroutes.testing.messages import Exchanges

# moto's S3 keeps objects in temporary files that tests of routes cannot close.
_OF_MOTO = ("S3 key was not disposed of in time", "Unclosed file <tempfile.SpooledTemporaryFile")
_ENVIRON = pytest.StashKey[dict[str, str]]()
_EXCHANGES: pytest.StashKey[Exchanges] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    about = "the folder of the project whose routes are tested; by default the first folder above the tests that has functions/"
    parser.getgroup("edgeroutes").addoption("--edgeroutes-root", metavar="FOLDER", help=about)
    parser.addini("edgeroutes_root", about)


def pytest_configure(config: pytest.Config) -> None:
    """Store the environment, and ignore moto's own resource warnings."""
    for message in _OF_MOTO:
        config.addinivalue_line("filterwarnings", f"ignore:{message}:ResourceWarning")
    config.stash[_ENVIRON] = dict(os.environ)
    _put_root_on_path(config)


def _put_root_on_path(config: pytest.Config) -> None:
    """Let tests import the project's modules as its routes do, wherever and however pytest starts."""
    invoked_in = config.invocation_params.dir
    option, setting = config.getoption("--edgeroutes-root"), config.getini("edgeroutes_root")
    starts = (
        [invoked_in / option] if option else [config.rootpath / setting] if setting else [config.rootpath, invoked_in]
    )
    for start in starts:
        for folder in (start,) if option or setting else (start, *start.parents):
            if (folder / CONFIG_FILE).is_file() and _may_have_routes(folder):
                if str(folder) not in sys.path:
                    sys.path.insert(0, str(folder))
                return


def _may_have_routes(folder: Path) -> bool:
    """Whether it looks like a project, without reading its settings."""
    if (folder / "functions").is_dir():
        return True
    with suppress(OSError, UnicodeDecodeError):
        return "[tool.edgeroutes" in (folder / CONFIG_FILE).read_text("utf-8")
    return False


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the last requests of a failed test to its report."""
    report = yield
    exchanges = item.stash.get(_EXCHANGES, None)
    if exchanges is not None and report.when == "call" and report.failed:
        report.sections += exchanges.sections()
    return report


@pytest.fixture(scope="session")
def edgeroutes_root(pytestconfig: pytest.Config) -> Path:
    """The project's folder. A fixture of this name in conftest.py overrides it."""
    from edgeroutes.testing.client import find_root, require_root

    invoked_in, rootpath = pytestconfig.invocation_params.dir, pytestconfig.rootpath
    option, setting = pytestconfig.getoption("--edgeroutes-root"), pytestconfig.getini("edgeroutes_root")
    with _failing_without_traceback():
        if option or setting:
            return require_root(invoked_in / option if option else rootpath / setting)
        return find_root(rootpath, invoked_in)


@pytest.fixture(scope="session")
def edgeroutes_functions(edgeroutes_root: Path, pytestconfig: pytest.Config) -> Functions:
    """The project's functions, read once per session."""
    from edgeroutes.testing.client import Functions

    with _failing_without_traceback():
        return Functions(edgeroutes_root, pytestconfig.stash[_ENVIRON])


@pytest.fixture(scope="session")
def edgeroutes_parameters() -> dict[str, str]:
    """Values for the parameters of infra/ without a default. A fixture of this name in conftest.py overrides it."""
    return {}


@pytest.fixture(scope="session")
def edgeroutes_aws(edgeroutes_functions: Functions, edgeroutes_parameters: dict[str, str]) -> Iterator[Aws]:
    """The project's resources; the first test with `aws` creates them."""
    from edgeroutes.testing.cloud import Aws

    aws = Aws(edgeroutes_functions, edgeroutes_parameters)
    yield aws
    aws.close()


@pytest.fixture
def edgeroutes_test(edgeroutes_functions: Functions) -> Iterator[Functions]:
    """The functions for one test, with empty logs; what they start ends with the test."""
    from edgeroutes.testing.environment import restored_environment, without_aws

    edgeroutes_functions.output.clear()
    edgeroutes_functions.left_out.clear()
    with restored_environment(), without_aws():
        yield edgeroutes_functions
        edgeroutes_functions.close()


@pytest.fixture
def aws(edgeroutes_aws: Aws, edgeroutes_test: Functions) -> Iterator[Aws]:
    """Local AWS: the project's resources, with the data of infra/seed only."""
    with _failing_without_traceback():
        test = edgeroutes_aws.for_one_test()
        entered = test.__enter__()
    try:
        yield entered
    finally:
        edgeroutes_test.close()  # what uses local AWS ends first
        test.__exit__(None, None, None)


@pytest.fixture
def client(request: pytest.FixtureRequest, edgeroutes_test: Functions) -> RouteClient:
    """A client for the project's routes, with Lambda's events. With `aws` in the same test, in any order, they use local AWS."""
    from edgeroutes.testing.client import RouteClient
    from edgeroutes.testing.messages import Exchanges

    exchanges = request.node.stash[_EXCHANGES] = Exchanges(edgeroutes_test.left_out)
    return RouteClient(functions=edgeroutes_test, watch=exchanges.add)


@pytest.fixture
def logs(edgeroutes_test: Functions) -> list[dict[str, Any]]:
    """The functions' log in this test: a dict for each line; a line that is not JSON is its `message`."""
    return edgeroutes_test.output.logs


@pytest.fixture
def metrics(edgeroutes_test: Functions) -> list[Metric]:
    """The functions' metrics in this test."""
    return edgeroutes_test.output.metrics


@pytest.fixture
def lambda_event() -> Callable[..., dict[str, Any]]:
    """`lambda_event("http-api", "POST", "/users", json={…})`: the event for a function."""
    from edgeroutes.testing.messages import lambda_event

    return lambda_event


@pytest.fixture
def frozen_time() -> Iterator[FrozenTime]:
    """Time that stands still: `frozen_time.move_to("2026-11-21T08:00Z")`, `frozen_time.shift(60)`."""
    try:
        import time_machine
    except ModuleNotFoundError:
        pytest.fail("frozen_time: time-machine is not installed. Run: pip install 'edgeroutes[testing]'", pytrace=False)
    import time

    with time_machine.travel(time.time(), tick=False) as traveller:
        yield traveller


@contextmanager
def _failing_without_traceback() -> Iterator[None]:
    """Report a problem of the project by its message, without a traceback through this file."""
    from edgeroutes.errors import EdgeroutesError

    message = ""
    try:
        yield
    except EdgeroutesError as error:
        message = str(error)
    if message:  # outside of the handler, so that the report has one error
        raise pytest.fail.Exception(message, pytrace=False) from None
