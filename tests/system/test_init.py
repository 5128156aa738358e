"""What `edgeroutes init` makes, with the real SAM CLI: it is valid and builds, the functions respond, and SAM knows its settings."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from edgeroutes.build.installer import UvInstaller
from tests.build.projects import invoke

REPOSITORY = Path(__file__).parents[2]
SAM = shutil.which("sam") or next(map(str, REPOSITORY.glob(".tools/*/bin/sam")), None)
PYTHON = UvInstaller().find_python("3.13")
pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(300),
    pytest.mark.skipif(SAM is None, reason="the SAM CLI is neither on PATH nor in .tools"),
    pytest.mark.skipif(shutil.which("make") is None, reason="there is no make"),
]
needs_python = pytest.mark.skipif(
    PYTHON is None, reason="there is no Python 3.13, which the made project's functions run on"
)

# A load balancer's event, in an interpreter that sees nothing but the bundle.
LOAD_BALANCER = """
import json, sys
sys.path.insert(0, sys.argv[1])
import edgeroutes_function
event = {"requestContext": {"elb": {"targetGroupArn": "arn:x"}}, "httpMethod": "GET", "path": "/hello", "headers": {"host": "x"},
         "queryStringParameters": {"name": "Ada"}, "body": "", "isBase64Encoded": False}
print(edgeroutes_function.handler(event, None)["body"])
"""


def run(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A command in the project, with the `edgeroutes` of the tests on the PATH, as an activated environment has it."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0", "PATH": path, "AWS_DEFAULT_REGION": "eu-central-1"}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("init")
    made = run(folder, "edgeroutes", "init", "my-app")
    assert made.returncode == 0, made.stderr
    return folder / "my-app"


@needs_python
def test_sam_build_makes_functions_that_response(root: Path) -> None:
    built = run(root, str(SAM), "build")
    assert built.returncode == 0, built.stderr
    functions = root / ".aws-sam" / "build"
    assert invoke(functions / "HelloFunction", "/hello", python=str(PYTHON))["body"] == '{"message":"Hello, world"}'
    posted = invoke(functions / "HelloFunction", "/hello", "POST", '{"name": "Ada", "excited": true}', str(PYTHON))
    assert (posted["status"], posted["body"]) == (201, '{"message":"Hello, Ada!"}')
    assert invoke(functions / "FallbackFunction", "/no", python=str(PYTHON))["status"] == 404


@needs_python
def test_a_load_balancers_event_needs_the_include_line_that_the_error_names(root: Path, tmp_path: Path) -> None:
    def ask(bundle: Path) -> subprocess.CompletedProcess[str]:
        made = run(root, "edgeroutes", "bundle", "HelloFunction", "--to", str(bundle))
        assert made.returncode == 0, made.stderr
        return run(root, str(PYTHON), "-I", "-S", "-c", LOAD_BALANCER, str(bundle))

    refused = ask(tmp_path / "without")
    assert refused.returncode == 1
    said = re.search(r"Add '(include: \[mangum\])' to its function\.yaml", refused.stderr)
    assert said is not None, refused.stderr
    settings = root / "functions" / "hello" / "function.yaml"
    settings.write_text(f"{said[1]}\n")
    try:
        assert ask(tmp_path / "with").stdout == '{"message":"Hello, Ada"}\n'
    finally:
        settings.unlink()


@pytest.mark.parametrize("project", ["made", "repository"])
def test_samconfig_makes_validate_lint(project: str, root: Path, tmp_path: Path) -> None:
    """By a template that only the linter refuses: a key that SAM does not know, it ignores in silence."""
    source = root if project == "made" else REPOSITORY
    for name in ("samconfig.toml", "template.yaml"):
        shutil.copy(source / name, tmp_path / name)
    assert run(tmp_path, str(SAM), "validate").returncode == 0
    text = (tmp_path / "template.yaml").read_text()
    (tmp_path / "template.yaml").write_text(text.replace("    RetentionInDays:", "    RetentionInDayz:", 1))
    refused = run(tmp_path, str(SAM), "validate")
    assert (refused.returncode, "Linting failed" in refused.stderr) == (1, True), refused.stderr


def test_every_key_of_samconfig_is_an_option_of_its_command(root: Path) -> None:
    texts = [(folder / "samconfig.toml").read_text() for folder in (root, REPOSITORY)]
    made, own = (tomllib.loads(text)["default"] for text in texts)
    assert (made.pop("global"), own.pop("global")) == (
        {"parameters": {"stack_name": "my-app"}},
        {"parameters": {"stack_name": "edgeroutes"}},
    )
    assert made == own
    for command, section in made.items():
        options = run(root, str(SAM), command, "--help").stdout
        names = [f"--{key.replace('_', '-')}" for key in section["parameters"]]
        assert [name for name in names if not re.search(rf"{name}\b", options)] == []


@needs_python
def test_doctor_finds_all_that_this_build_has_used(root: Path) -> None:
    path = f"{Path(str(SAM)).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    command = [sys.executable, "-m", "edgeroutes", "doctor", "--json"]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    findings = {each["name"]: each["state"] for each in json.loads(done.stdout)["findings"]}
    assert (done.returncode, [name for name, state in findings.items() if state == "missing"]) == (0, [])
