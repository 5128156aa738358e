"""Projects on disk for the tests of the build, with an environment of fake distributions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgeroutes.build.builder import Builder
from edgeroutes.build.store import link_trees
from edgeroutes.pipeline import plan_project
from tests.fakes.installer import FakeInstaller, FakeWheel, write_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from edgeroutes.build.report import BuildReport
    from edgeroutes.types import Event

OWN_RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
HELLO = "def GET():\n    return {'hello': 'world'}\n"
LONG_AGO = 1_000_000_000

# Runs in an interpreter that sees nothing but the bundle and the standard library.
_INVOKE = """
import json, sys
event, *sys.path[:0] = [json.loads(sys.argv[1]), *sys.argv[2:]]
import edgeroutes_function
print(json.dumps(edgeroutes_function.handler(event, None)))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project in a folder of its own, with its site-packages beside it."""

    root: Path
    site_packages: Path
    installer: FakeInstaller

    def write(self, files: Mapping[str, str]) -> None:
        """Write these files, old enough for a build to trust their dates."""
        for path, text in files.items():
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            os.utime(file, (LONG_AGO, LONG_AGO + len(text)))

    def builder(self) -> Builder:
        """A builder that knows only what the fakes have."""
        plan = plan_project(self.root)
        return Builder(self.root, plan, installer=self.installer, site_packages=[self.site_packages])

    def build(self) -> BuildReport:
        """Build all functions."""
        builder = self.builder()
        with builder.store.locked():
            return builder.build()

    def link(self, report: BuildReport, logical_id: str, to: Path) -> Path:
        """Put a function's bundle there."""
        link_trees(next(each for each in report.functions if each.logical_id == logical_id).trees, to)
        return to


def make_project(
    folder: Path, files: Mapping[str, str], wheels: Mapping[str, FakeWheel] | None = None, *, lock: str = ""
) -> Project:
    """A project with these files and an environment that has these distributions."""
    site_packages = folder / "site-packages"
    site_packages.mkdir(parents=True)
    for name, wheel in (wheels or {}).items():
        write_wheel(name, wheel, site_packages)
    project = Project(
        root=folder / "project", site_packages=site_packages, installer=FakeInstaller(wheels or {}, lock=lock)
    )
    settings = f'[tool.edgeroutes]\nruntime = "{OWN_RUNTIME}"\n'
    project.write({"pyproject.toml": settings, **files})
    return project


def bundle_paths(folder: Path) -> set[str]:
    """The files of a bundle, without bytecode, lists of files and edgeroutes' own."""
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return {path for path in files if not path.startswith("edgeroutes/") and not path.endswith((".pyc", "/RECORD"))}


def invoke(
    bundle: Path,
    path: str,
    method: str = "GET",
    body: str | None = None,
    python: str = sys.executable,
    *,
    headers: Mapping[str, str] | None = None,
) -> Any:
    """A bundle's response to a request, from an interpreter that sees nothing else."""
    sent = {"content-type": ["application/json"], **{name: [value] for name, value in (headers or {}).items()}}
    event = {
        "resource": path, "path": path, "httpMethod": method, "multiValueHeaders": sent, "headers": {},
        "multiValueQueryStringParameters": None, "queryStringParameters": None, "pathParameters": None, "body": body,
        "isBase64Encoded": False, "requestContext": {"requestId": "1", "identity": {"sourceIp": "192.0.2.1"}},
    }  # fmt: skip
    response = run_alone([bundle], event, python)
    return {"status": response["statusCode"], "body": response["body"], "headers": response["multiValueHeaders"]}


def run_alone(
    path: Sequence[Path], event: Event, python: str = sys.executable, environment: Mapping[str, str] | None = None
) -> Any:
    """A bundle's proxy result, from an interpreter that sees these folders, the bundle first, and the standard library alone."""
    command = [python, "-I", "-S", "-B", "-c", _INVOKE, json.dumps(event), *map(str, path)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


def settle() -> None:
    """Wait until what was just written counts as old."""
    time.sleep(0.06)
