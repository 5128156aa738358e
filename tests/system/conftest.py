"""What the system tests share: the example application, built by the real `sam build`, and a browser."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgeroutes.build.installer import UvInstaller
from edgeroutes.build.target import Target
from edgeroutes.build.wheels import install_distributions
from edgeroutes.errors import DependencyError, ToolError
from edgeroutes.local_aws.server import MotoProcess
from edgeroutes.local_aws.stack import Cloud, start_cloud
from edgeroutes.pipeline import plan_project
from edgeroutes.testing import RouteClient
from tests.system.browser import Browser, find_browser
from tests.system.example import ENVIRONMENT, HOST, ROOT, Built
from tests.system.function_process import Sandbox
from tests.system.sam_local import bridge_gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeroutes.local_aws.stack import ProjectCloud
    from tests.system.browser import Page

SAM = shutil.which("sam") or next(map(str, ROOT.glob(".tools/*/bin/sam")), None)


@pytest.fixture(scope="session")
def sam() -> str:
    """The SAM CLI."""
    if SAM is None:
        pytest.skip("the SAM CLI is neither on PATH nor in .tools: run 'make sam'")
    return SAM


@pytest.fixture(scope="session")
def built(sam: str, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The example application as `sam build` leaves it."""
    if shutil.which("make") is None:
        pytest.skip("there is no make")
    folder = tmp_path_factory.mktemp("built")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "SAM_CLI_TELEMETRY": "0"}
    command = [sam, "build", "--parallel", "--template", "template.yaml", "--build-dir", str(folder)]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return Built(folder=folder, plan=plan_project(ROOT))


@pytest.fixture(scope="session")
def target_python(built: Built) -> Path:
    """An interpreter of the version that the functions run on."""
    wanted = built.plan.config.runtime.removeprefix("python")
    found = UvInstaller().find_python(wanted)
    if found is None:
        pytest.skip(f"there is no Python {wanted} on this machine, for which the bundles are built")
    return found


@pytest.fixture(scope="session")
def runtime_folder(built: Built, target_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """awslambdaric as it comes, for the functions' Python, in a folder of its own: Lambda's /var/runtime without boto3."""
    return _installed("awslambdaric", built, tmp_path_factory)


@pytest.fixture(scope="session")
def boto3_folder(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """boto3 with what it needs, in a folder of its own: what else /var/runtime has."""
    return _installed("boto3", built, tmp_path_factory)


@pytest.fixture(scope="session")
def server() -> Iterator[ProjectCloud]:
    """The example's resources in a moto server on loopback: what its built functions take for AWS."""
    if find_spec("moto") is None:
        pytest.skip("moto is not installed: it comes with edgeroutes[testing]")
    gateway = bridge_gateway()
    with MotoProcess(hosts=[gateway] if gateway else []) as moto:
        yield start_cloud(ROOT, Cloud(moto.url))


@pytest.fixture
def client(
    server: ProjectCloud, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RouteClient]:
    """The example application in process, with the variables that its routes need and errors as production tells them.

    Its AWS is the mock of this process, that of built functions the server: both hold the seeds when a test begins.
    """
    server.data.reset()  # first: where the mock is on, nothing else is reached
    request.getfixturevalue("aws")
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    functions = request.getfixturevalue("edgeroutes_test")
    with RouteClient(base_url=f"http://{HOST}", debug=False, functions=functions) as client:
        yield client


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = find_browser()
    if program is None:
        pytest.skip("Chromium is not on PATH: install it, or name it in EDGEROUTES_CHROMIUM")
    browser = Browser(program, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.stop()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.open_page() as page:
        yield page


def _installed(name: str, built: Built, folders: pytest.TempPathFactory) -> Path:
    folder = folders.mktemp(name) / "python"
    requirement = f"{name}=={version(name)}"
    try:
        install_distributions([requirement], ROOT, UvInstaller(), Target.of(built.plan.config), folder)
    except (DependencyError, ToolError) as error:
        pytest.skip(f"{requirement} cannot be had: {error}")
    return folder


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    made = Sandbox(tmp_path)
    yield made
    made.close()
