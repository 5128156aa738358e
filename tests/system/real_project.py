"""Projects made by the real uv, with edgeroutes from its wheel in their environment: built, run from the bundle alone, served by dev."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from edgeroutes.build.installer import find_uv
from tests.build.projects import OWN_RUNTIME, invoke

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

UV = find_uv(os.environ)
REPOSITORY = Path(__file__).parents[2]
SAM = shutil.which("sam") or next(map(str, REPOSITORY.glob(".tools/*/bin/sam")), None)
SETTINGS = f'\n[tool.edgeroutes]\nruntime = "{OWN_RUNTIME}"\n'
PATIENCE_S = 60
# uv takes a wheel of the same path and version for the same wheel.
FRESH = ("--refresh-package", "edgeroutes")


@dataclass(frozen=True, kw_only=True)
class RealProject:
    """A project in a folder.

    Args:
        root: It.
        links: The folder that has the wheel of this checkout.
        venv: Its environment; by default beside its pyproject.toml.
        variables: Of the environment, for uv and edgeroutes.
    """

    root: Path
    links: Path
    venv: Path | None = None
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def bin(self) -> Path:
        """The folder with the environment's programs."""
        return (self.venv or self.root / ".venv") / "bin"

    def write(self, files: Mapping[str, str]) -> None:
        """Write these files."""
        for path, text in files.items():
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def append(self, path: str, text: str) -> None:
        """Add to the end of a file."""
        self.write({path: (self.root / path).read_text() + text})

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a program in the project."""
        return subprocess.run(
            [str(each) for each in command],
            cwd=self.root,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    def uv(self, *arguments: str | Path) -> str:
        """Run uv, which must not fail."""
        done = self.run(UV, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def sync(self, *arguments: str) -> None:
        """Make the environment, locked."""
        self.uv("sync", "-q", "--python", sys.executable, *FRESH, *arguments)

    def install(self, *arguments: str | Path) -> None:
        """Make the environment without a lock, as `pip install` does."""
        if not self.bin.exists():
            self.uv("venv", "-q", "--python", sys.executable, self.bin.parent)
        self.uv("pip", "install", "-q", "--python", self.bin / "python", *FRESH, "edgeroutes[dev]", *arguments)

    def add(self, *requirements: str) -> None:
        """Add to the dependencies of a project that uv made, and make the environment."""
        self.uv("add", "-q", "--python", sys.executable, *FRESH, "edgeroutes[dev]", *requirements)

    def edgeroutes(self, *arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the environment's edgeroutes."""
        command = [str(self.bin / "edgeroutes"), *map(str, arguments)]
        environment = {**self._environment(), **variables}
        return subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)

    def bundle(self, function: str) -> Path:
        """Build, and put one function's bundle beside the project."""
        to = self.root.parent / f"bundle-{self.root.name}-{function}"
        shutil.rmtree(to, ignore_errors=True)
        done = self.edgeroutes("bundle", function, "--to", to)
        assert done.returncode == 0, done.stderr
        return to

    def built(self, function: str, path: str) -> Any:
        """The body that a function's bundle returns in an interpreter that sees nothing else."""
        return parsed(invoke(self.bundle(function), path)["body"])

    def sam_build(self) -> subprocess.CompletedProcess[str]:
        """`edgeroutes init`, `edgeroutes template`, `sam build`, as a user's shell with an active environment has it."""
        for command in (("init", "."), ("template",)):
            done = self.edgeroutes(*command)
            assert done.returncode == 0, done.stderr
        environment = self._environment()
        environment |= {"PATH": f"{self.bin}:{environment['PATH']}", "SAM_CLI_TELEMETRY": "0"}
        return subprocess.run(
            [str(SAM), "build"], cwd=self.root, env=environment, capture_output=True, text=True, check=False
        )

    def built_by_sam(self, function: str, path: str) -> Any:
        """The same for a bundle that `sam build` made."""
        done = self.sam_build()
        assert done.returncode == 0, done.stderr
        return parsed(invoke(self.root / ".aws-sam" / "build" / function, path)["body"])

    def refused(self, **variables: str) -> list[str]:
        """The lines of a build that fails, and says why without a traceback."""
        done = self.edgeroutes("build", **variables)
        assert done.returncode == 1, (done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stderr.strip().splitlines()

    def dev(self) -> DevProcess:
        """The dev server of the project."""
        return DevProcess(self)

    def _environment(self) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "VIRTUAL_ENV", "UV_"))
        }
        return {**kept, "UV_FIND_LINKS": str(self.links), "UV": UV, "UV_NO_PROGRESS": "1", **self.variables}


class DevProcess:
    """`edgeroutes dev` as a process, on a free port of loopback."""

    def __init__(self, project: RealProject) -> None:
        command = [str(project.bin / "edgeroutes"), "dev", "--port", "0", "--json"]
        self._process = subprocess.Popen(
            command,
            cwd=project.root,
            env=project._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._url = next(self._urls())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)
        self._process.stdout.close()  # type: ignore[union-attr]

    def get(self, path: str) -> Any:
        """The body of a response, whatever its status."""
        try:
            with urllib.request.urlopen(f"{self._url}{path}", timeout=PATIENCE_S) as response:
                return parsed(response.read().decode())
        except urllib.error.HTTPError as response:
            return parsed(response.read().decode())

    def until(self, path: str, expected: Any) -> None:
        """Wait until a path returns this."""
        end = time.monotonic() + PATIENCE_S
        while (found := self.get(path)) != expected:
            assert time.monotonic() < end, found
            time.sleep(0.05)

    def _urls(self) -> Iterator[str]:
        said = []
        for line in self._process.stdout or ():
            said.append(line)
            try:
                report = json.loads(line)
            except ValueError:
                continue
            if "url" in report:
                yield str(report["url"]).rstrip("/")
        raise AssertionError("".join(said))


def parsed(body: str) -> Any:
    """A body as JSON, or as it is."""
    try:
        return json.loads(body)
    except ValueError:
        return body


def make_library(folder: Path, name: str, backend: str, *, flat: bool = False, more: str = "", code: str = "") -> Path:
    """A library, as its backend's users write it: `src/` layout or flat; its package has a data file and reads its own version."""
    requires, module = {
        "setuptools": ("setuptools", "setuptools.build_meta"),
        "hatchling": ("hatchling", "hatchling.build"),
        "flit": ("flit_core", "flit_core.buildapi"),
        "poetry": ("poetry-core", "poetry.core.masonry.api"),
        "pdm": ("pdm-backend", "pdm.backend"),
        "uv": ("uv_build", "uv_build"),
    }[backend]
    package = name.replace("-", "_")
    place = folder / package if flat else folder / "src" / package
    place.mkdir(parents=True)
    flat_uv = '[tool.uv.build-backend]\nmodule-root = ""\n' if flat and backend == "uv" else ""
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "{name}"\nversion = "1.2.3"\ndescription = "A library"\nrequires-python = ">=3.11"\n{more}\n'
        f'[build-system]\nrequires = ["{requires}"]\nbuild-backend = "{module}"\n{flat_uv}'
    )
    (place / "__init__.py").write_text(
        f'"""A library."""\n{code}\nfrom importlib.metadata import version\nfrom importlib.resources import files\n\n'
        f'def tell():\n    return ["{name}", version("{name}"), files("{package}").joinpath("data.txt").read_text()]\n'
    )
    (place / "data.txt").write_text(f"data of {name}")
    (folder / "tests").mkdir()
    (folder / "tests" / "__init__.py").write_text("")
    return folder


def told(name: str) -> list[str]:
    """What such a library tells."""
    return [name, "1.2.3", f"data of {name}"]
