"""The variables of a deployed stack; moto's mock stands for AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import moto
import pytest

from edgeroutes.dev.aws import DeployedAws, deployed_variables
from edgeroutes.dev.reload import LiveProject
from edgeroutes.errors import ServiceError
from edgeroutes.local_aws.stack import Cloud, start_cloud
from tests.dev.serving import Recorder, until, write_files

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n',
    "jobs": "def GET():\n    return 'fine'\n",
    "functions/jobs/function.yaml": "Environment: {Variables: {JOBS: !Ref Jobs, MODE: fast}}\n",
    "infra/jobs.yaml": "Resources: {Jobs: {Type: AWS::SQS::Queue}}\n",
}

NAMED = {"POWERTOOLS_SERVICE_NAME": "shop"}


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def read(root: Path, environ: dict[str, str]) -> Recorder:
    told = Recorder()
    live = LiveProject(root, told, environ)
    DeployedAws(live, told).start()
    until(lambda: live.function_environment.is_ready, "the reading")
    return told


def test_a_functions_variables_are_the_deployed_ones(tmp_path: Path) -> None:
    write_files(tmp_path, FILES)
    environ: dict[str, str] = {}
    with moto.mock_aws():
        cloud = start_cloud(tmp_path, Cloud(stack_name="shop")).cloud
        assert deployed_variables("shop")["JobsFunction"] == cloud.environment_of("JobsFunction")
        told = read(tmp_path, environ)
    assert environ == {**NAMED, "JOBS": cloud.resources["Jobs"].physical_id, "MODE": "fast"}
    assert [(each.level, each.message) for each in told.logged] == [
        ("INFO", "the functions' variables are those of the deployed stack 'shop' (2 functions)")
    ]


def test_without_a_stack_it_says_which_variables_have_no_value(tmp_path: Path) -> None:
    write_files(tmp_path, FILES)
    environ: dict[str, str] = {}
    with moto.mock_aws():
        told = read(tmp_path, environ)
        with pytest.raises(ServiceError):
            deployed_variables("shop")
    assert environ == {**NAMED, "MODE": "fast"}
    missing, unresolved = (each.message for each in told.logged)
    assert missing.startswith("the stack 'shop': its functions' variables cannot be read: ")
    assert unresolved == (
        "JOBS of JobsFunction has no value here: its value is a resource's. Deploy the stack, or give it one in .env.local"
    )


def test_what_dotenv_says_needs_no_stack(tmp_path: Path) -> None:
    write_files(tmp_path, {**FILES, ".env.local": "JOBS=mine\n"})
    environ: dict[str, str] = {}
    with moto.mock_aws():
        told = read(tmp_path, environ)
    assert (environ, len(told.logged)) == ({**NAMED, "JOBS": "mine", "MODE": "fast"}, 1)
