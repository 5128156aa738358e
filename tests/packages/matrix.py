"""Real distributions: one project per case, its response from the source tree and from its built bundle.

A case is a route file that declares what it needs in a comment (PEP 723, inline script metadata), or a folder with a whole project.
Each gets a folder, a lock and an environment of its own by `uv sync`, as a user's project has.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeroutes.build.builder import Builder
from edgeroutes.build.installer import UvInstaller, find_uv
from edgeroutes.build.store import FOLDER, link_trees
from edgeroutes.pipeline import plan_project
from tests.packages.machine_code import machine_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeroutes.build.report import BuildReport

CASES = Path(__file__).parent / "cases"
CHECKOUT = Path(__file__).parents[2]
PYTHON_VERSIONS = ("3.13", "3.14", "3.12")
"""The Lambda runtime of the cases: the first of these that is on this machine."""
LAMBDA_DISTRIBUTIONS = ("boto3",)
# A request for which imports are compiled, on a machine that does much else: it limits a case that hangs, not one that is slow.
_REQUEST_SECONDS = 300
# What edgeroutes itself needs to read a project: not a part of the project's environment.
READERS = ("yaml", "packaging", "dotenv")

_FROM_SOURCE = """
import json, os, sys
sys.path[:0] = [os.getcwd(), *json.loads(sys.argv[1])]
from edgeroutes.testing.client import RouteClient
with RouteClient() as client:
    response = client.get("/x")
    print(json.dumps({"status": response.status_code, "body": response.text}))
"""
_FROM_BUNDLE = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
import edgeroutes_function
result = edgeroutes_function.handler(json.loads(sys.argv[2]), None)
print(json.dumps({"status": result["statusCode"], "body": result["body"]}))
"""
_EVENT = {
    "resource": "/x", "path": "/x", "httpMethod": "GET", "headers": {"host": "localhost"}, "body": None,
    "multiValueHeaders": {"host": ["localhost"]}, "multiValueQueryStringParameters": None,
    "queryStringParameters": None, "pathParameters": None, "isBase64Encoded": False,
    "requestContext": {"requestId": "1", "identity": {"sourceIp": "127.0.0.1"}},
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one case gave: both responses, or why there are none.

    Args:
        source: The response from the source tree.
        bundle: The response from the bundle.
        machine_code: By architecture, the architectures of the bundle's shared libraries and programs, by their paths; empty
            where there are none for x86_64, and then there is no bundle for arm64.
    """

    source: dict[str, Any]
    bundle: dict[str, Any]
    unzipped_bytes: int
    warnings: tuple[str, ...]
    machine_code: dict[str, dict[str, str]]


def case_names() -> list[str]:
    """The names of all cases, sorted."""
    return sorted(path.stem for path in CASES.iterdir() if path.suffix == ".py" or (path / "pyproject.toml").is_file())


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What all cases share.

    Args:
        python: An interpreter of the version that the bundles are for.
        version: Its version, `3.13`.
        wheels: A folder with the wheel of this checkout.
        lambda_path: A folder with what the Lambda runtime has besides the standard library.
        arm64_trees: The trees of all arm64 builds: what several cases have is compiled once. Builds for x86_64 share none, as a project's
            first build has none.
    """

    python: str
    version: str
    wheels: Path
    lambda_path: Path
    arm64_trees: Path


def make_tools(folder: Path) -> Tools:
    """The tools, made in an empty folder.

    Raises:
        LookupError: No Python of a supported version is on this machine.
        subprocess.CalledProcessError: The package registry cannot be reached.
    """
    version, python = _find_python()
    _run(["build", "--quiet", "--wheel", "--out-dir", str(folder / "wheels"), str(CHECKOUT)], folder)
    target = ["--python", python, "--target", str(folder / "lambda")]
    _run(["pip", "install", "--quiet", *target, *LAMBDA_DISTRIBUTIONS], folder)
    trees = folder / "trees"
    trees.mkdir()
    return Tools(
        python=python, version=version, wheels=folder / "wheels", lambda_path=folder / "lambda", arm64_trees=trees
    )


def run_case(name: str, folder: Path, tools: Tools) -> Outcome:
    """Make the project, build it, and request its route both ways.

    Args:
        name: Of the case.
        folder: Empty, for the project and its bundle.
        tools: Shared by all cases.

    Raises:
        subprocess.CalledProcessError: uv cannot install the case's distributions.
        ProjectError: The build refuses the project.
    """
    root = folder / "project"
    _make_project(name, root, tools)
    _run(["sync", "--quiet", "--no-dev", "--all-extras", "--python", tools.python], root)
    site_packages = next((root / ".venv" / "lib").glob("python*/site-packages"))
    bundle = folder / "bundle"
    report = _build(root, site_packages, bundle)
    found = {"x86_64": native} if (native := machine_code(bundle)) else {}
    source_path = [site_packages, *_editable_roots(site_packages), _link_readers(folder / "readers")]
    outcome = Outcome(
        source=_request(tools, _FROM_SOURCE, source_path, root),
        bundle=_request(
            tools, _FROM_BUNDLE, [bundle, tools.lambda_path], bundle, json.dumps(_EVENT)
        ),  # as Lambda starts in it
        unzipped_bytes=sum(path.stat().st_size for path in bundle.rglob("*") if path.is_file()),
        warnings=tuple(report.warnings),
        machine_code=found,
    )
    if found:
        _choose_arm64(root, tools)
        _build(root, site_packages, folder / "arm64")
        found["arm64"] = machine_code(folder / "arm64")
    return outcome


def _build(root: Path, site_packages: Path, bundle: Path) -> BuildReport:
    """Build a project, and put the function with the route into a folder."""
    builder = Builder(root, plan_project(root), site_packages=[site_packages])
    with builder.store.locked():
        report = builder.build()
    built = next(each for each in report.functions if each.bundle.function.routes)
    link_trees(built.trees, bundle)
    return report


def _choose_arm64(root: Path, tools: Tools) -> None:
    """Turn a project into one for arm64 that nobody has built, with the trees of the cases before."""
    with (root / "pyproject.toml").open("a") as file:
        file.write('architecture = "arm64"\n')  # its last table is [tool.edgeroutes]
    shutil.rmtree(root / FOLDER)
    (root / FOLDER).mkdir()
    (root / FOLDER / "trees").symlink_to(tools.arm64_trees)


def _find_python() -> tuple[str, str]:
    installer = UvInstaller()
    for version in PYTHON_VERSIONS:
        found = installer.find_python(version)
        if found is not None:
            return version, str(found)
    raise LookupError(f"none of Python {', '.join(PYTHON_VERSIONS)} is on this machine")


def _make_project(name: str, root: Path, tools: Tools) -> None:
    case = CASES / f"{name}.py"
    if case.is_file():
        source = case.read_text()
        last = "[[...path]]/" if "\napp = " in source else ""
        route = root / "functions" / "x" / last / "route.py"
        route.parent.mkdir(parents=True)
        route.write_text(source)
        pyproject = f'[project]\nname = "case"\nversion = "0"\nrequires-python = ">=3.11"\n{_dependencies(source)}'
    else:
        shutil.copytree(CASES / name, root, symlinks=True)
        pyproject = (root / "pyproject.toml").read_text()
    package = "" if "build-system" in pyproject else "package = false\n"
    settings = (
        f'[tool.uv]\n{package}find-links = ["{tools.wheels}"]\n[tool.edgeroutes]\nruntime = "python{tools.version}"\n'
    )
    dependencies = pyproject.replace("dependencies = [", 'dependencies = ["edgeroutes", ', 1)
    (root / "pyproject.toml").write_text(f"{dependencies}\n{settings}")


def _dependencies(source: str) -> str:
    lines = source.split("# /// script\n", 1)[1].split("# ///", 1)[0].splitlines()
    text = "\n".join(line.removeprefix("# ") for line in lines)
    tomllib.loads(text)
    return f"{text}\n"


def _editable_roots(site_packages: Path) -> list[Path]:
    """What `.pth` files of the environment add to the search path; `-S` reads none of them."""
    lines = [line for pth in site_packages.glob("*.pth") for line in pth.read_text().splitlines()]
    return [Path(line) for line in lines if line.startswith("/")]


def _link_readers(folder: Path) -> Path:
    folder.mkdir()
    for name in READERS:
        found = __import__(name).__path__[0]
        (folder / name).symlink_to(found)
    return folder


def _request(tools: Tools, program: str, path: Sequence[Path], cwd: Path, *arguments: str) -> dict[str, Any]:
    command = [tools.python, "-I", "-S", "-B", "-c", program, json.dumps([str(each) for each in path]), *arguments]
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd), "AWS_DEFAULT_REGION": "eu-central-1", "TZ": "UTC"}
    ran = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=_REQUEST_SECONDS
    )
    if ran.returncode:
        return {"status": 0, "body": ran.stderr[-2000:]}
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    if found["status"] != 200:
        found["log"] = (ran.stderr + ran.stdout)[-2500:]
    return found


def _run(arguments: Sequence[str], cwd: Path) -> str:
    """What uv prints."""
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    command = [find_uv(os.environ), *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, check=True, capture_output=True, text=True).stdout
