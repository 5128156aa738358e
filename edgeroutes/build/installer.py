"""The port through which versions, wheels and interpreters are had, and uv behind it. Floor 2; decides nothing.

uv reads its own settings (indexes, credentials) from the project and the environment, as it does for its users.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from edgeroutes.errors import DependencyError, ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgeroutes.build.target import Target


class Installer(Protocol):
    """What knows versions, wheels and interpreters."""

    def export_lock(self, root: Path) -> str:
        """The project's uv.lock as requirements with hashes, everything in it.

        Raises:
            DependencyError: The lock cannot be read, or is older than pyproject.toml.
        """

    def compile(self, requirements: str, preferred: str, root: Path, target: Target) -> str:
        """Requirements with one version for each distribution that they need.

        Args:
            requirements: The text of a requirements file.
            preferred: One `name==version` a line: taken where the requirements allow it.
            root: What relative paths are relative to.
            target: Where it is to run.

        Raises:
            DependencyError: There is no such set.
        """

    def install(
        self, names: Sequence[str], constraints: str, root: Path, target: Target, into: Path, *, with_requirements: bool
    ) -> None:
        """Put the wheels of these distributions into a directory.

        Args:
            names: Requirements, such as `starlette==1.0`.
            constraints: The text of a requirements file.
            root: The project.
            target: What the wheels are for.
            into: Absent or empty.
            with_requirements: Whether all that they require goes there, too.

        Raises:
            DependencyError: A distribution has no wheel for the target, is in conflict with another, or is nowhere.
        """

    def find_python(self, version: str) -> Path | None:
        """An interpreter of this version on this machine; None where there is none."""


class UvInstaller:
    """uv, run as a program.

    Args:
        environment: Variables for it; the present ones when None.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = dict(os.environ if environment is None else environment)
        # A warning about another virtual environment is no news here; the caller shows its own progress.
        self._environment.update(UV_NO_PROGRESS="1", UV_PYTHON_DOWNLOADS="never")
        self._environment.pop("VIRTUAL_ENV", None)

    def export_lock(self, root: Path) -> str:
        """The project's uv.lock as requirements with hashes, everything in it."""
        command = ("export", "--frozen", "--no-header", "--no-annotate", "--no-emit-project")
        try:
            return self._run(root, *command, "--all-groups", "--all-extras", where="uv.lock")
        except DependencyError:  # extras or groups that exclude each other: then the default ones
            return self._run(root, *command, where="uv.lock")

    def compile(self, requirements: str, preferred: str, root: Path, target: Target) -> str:
        """Requirements with one version for each distribution that they need."""
        with _TextFile(root, preferred) as output, _TextFile(root, requirements) as given:
            self._run(
                root, "pip", "compile", given.name, "--output-file", output.name, "--no-header", "--no-annotate",
                "--python-platform", target.platform, "--python-version", target.python, where="requirements.txt",
            )  # fmt: skip
            return output.read_text("utf-8")

    def install(
        self, names: Sequence[str], constraints: str, root: Path, target: Target, into: Path, *, with_requirements: bool
    ) -> None:
        """Put the wheels of these distributions into a directory."""
        alone = () if with_requirements else ("--no-deps",)
        with _TextFile(into.parent, constraints) as file:
            self._run(
                root, "pip", "install", "--target", str(into), "--constraint", str(file), "--only-binary", ":all:",
                "--python-platform", target.platform, "--python-version", target.python, "--link-mode", "copy",
                "--python", sys.executable, *alone, *names, where="",
            )  # fmt: skip

    def find_python(self, version: str) -> Path | None:
        """An interpreter of this version: ours, else pyenv's, else one that uv knows or finds on the PATH."""
        if version == f"{sys.version_info[0]}.{sys.version_info[1]}":
            return Path(sys.executable)
        versions = Path(self._environment.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions")
        installed = sorted(versions.glob(f"{version}.*/bin/python"), key=lambda path: path.parts[-3])
        if installed:  # before uv, which would try each of pyenv's shims
            return installed[-1]
        command = (self._program(), "python", "find", "--no-project", "--system", version)
        found = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)  # noqa: S603
        return Path(found.stdout.strip()) if not found.returncode and found.stdout.strip() else None

    def _program(self) -> str:
        found = find_uv(self._environment)
        if not found:
            raise ToolError("there is no uv on this machine, which fetches wheels", hint="Install edgeroutes[dev]")
        return found

    def _run(self, root: Path, *arguments: str, where: str) -> str:
        command = (self._program(), *arguments)
        ran = subprocess.run(command, cwd=root, env=self._environment, capture_output=True, text=True, check=False)  # noqa: S603
        if ran.returncode and _NO_SPACE in ran.stderr:
            raise ToolError("the disk is full", where=str(root), hint="Free some space")
        if refused := _UNKNOWN_PLATFORM.search(ran.stderr):
            raise ToolError(
                f"the installed uv does not know the platform {refused[1]!r}, which this runtime needs",
                where="pyproject.toml, runtime and architecture in [tool.edgeroutes]",
                hint=f"Update uv ({command[0]})",
            )
        if ran.returncode:
            raise read_uv_error(ran.stderr, where)
        return ran.stdout


def find_uv(environment: Mapping[str, str]) -> str:
    """Uv's program: what `UV` names, else the one beside our Python (edgeroutes[dev] brings it), else the PATH's; empty for none."""
    beside = Path(sys.executable).with_name("uv")
    return environment.get("UV") or (str(beside) if beside.is_file() else shutil.which("uv") or "")


class _TextFile:
    """A file with this text in a folder, gone again afterwards."""

    def __init__(self, folder: Path, text: str) -> None:
        self._path = folder / f".edgeroutes-{os.getpid()}-{id(self):x}.txt"
        self._text = text

    def __enter__(self) -> Path:
        self._path.write_text(self._text, "utf-8")
        return self._path

    def __exit__(self, *_: object) -> None:
        self._path.unlink(missing_ok=True)


_NO_WHEEL = re.compile(r"Because (?:all versions of )?(\S+?)(?:[=<>]=?\S+)? has no (?:usable )?wheels")
_UNKNOWN = re.compile(r"Because (\S+) was not found in the (?:package registry|cache)")
_UNKNOWN_PLATFORM = re.compile(r"invalid value '(\S+)' for '--python-platform")
_NO_SPACE = "No space left on device"


def read_uv_error(said: str, where: str) -> DependencyError:
    """What uv said on standard error, as ours: which distribution, and what to do.

    Args:
        said: `error: …`, `cause: …` and `hint: …` lines.
        where: The file that the versions come from; empty where uv's own words are place enough.
    """
    lines = [line.strip() for line in said[max(said.find("error:"), 0) :].splitlines() if line.strip()]
    causes = [line.partition("cause:")[2].strip() or line for line in lines if not line.startswith(("error:", "hint:"))]
    text = " ".join(causes) or (lines[0].partition("error:")[2].strip() if lines else "uv failed and said nothing")
    text = text.removesuffix(".").replace(", we can conclude that your requirements are unsatisfiable", "")
    hints = [line.partition("hint:")[2].strip().rstrip(".") for line in lines if line.startswith("hint:")]
    if no_wheel := _NO_WHEEL.search(text):
        name = no_wheel[1]
        hint = f"Choose a version of {name!r} that has such a wheel, or replace it: Lambda cannot build it"
        return DependencyError(f"{name!r} has no wheel for the functions: {text}", where=where, hint=hint)
    if unknown := _UNKNOWN.search(text):
        hint = hints[0] if hints else "Mend its name, or give uv the index that has it (UV_INDEX)"
        return DependencyError(f"no index has {unknown[1]!r}", where=where, hint=hint)
    if "depends on" in text:
        hint = "Change one of these versions so that they agree, then lock again"
        return DependencyError(f"distributions are in conflict: {text}", where=where, hint=hint)
    return DependencyError(f"uv could not do it: {text}", where=where, hint=". ".join(hints))
