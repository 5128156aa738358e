"""The port through which versions, wheels and interpreters are had, and uv behind it.

uv reads its own settings (indexes, credentials) from the project and the environment, as it does for its users.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from edgeroutes.build.pylock import render_preferences, with_absolute_paths
from edgeroutes.build.store import full_disk_errors
from edgeroutes.build.uv_errors import read_uv_failure
from edgeroutes.errors import DependencyError, ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from edgeroutes.build.target import Target

# PEP 751: a lock has no other name.
_LOCK = "pylock.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be resolved.

    Args:
        where: The file that errors blame.
        files: Requirements files of the project, by their paths.
        requirements: The text of one more.
        constraints: The text of a constraints file.
        overrides: The text of a file whose requirements replace all others of the same names.
        preferred: Name → version: taken where the requirements allow it.
        options: Of uv: indexes.
        is_flat: Whether what the distributions require is left out.
    """

    where: str
    files: tuple[str, ...] = ()
    requirements: str = ""
    constraints: str = ""
    overrides: str = ""
    preferred: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    is_flat: bool = False


class Installer(Protocol):
    """What knows versions, wheels and interpreters. Locks are texts of `pylock.toml` files; relative paths in them begin at the project."""

    def export_lock(self, root: Path) -> str:
        """The project's uv.lock as a lock, everything in it.

        Raises:
            DependencyError: The lock cannot be read.
        """

    def compile(self, request: Request, root: Path, target: Target) -> str:
        """A lock of one version for each distribution that the request needs.

        Raises:
            DependencyError: There is no such set.
        """

    def install(
        self, lock: str, root: Path, target: Target, into: Path, *, options: Sequence[str] = (), builds: bool = False
    ) -> None:
        """Put what a lock has into a directory.

        Args:
            lock: Of the distributions to install.
            root: The project.
            target: What they are for.
            into: A directory.
            options: Of uv, with which the project names indexes: they may have credentials.
            builds: Whether wheels are built from source distributions.

        Raises:
            DependencyError: A file cannot be had, has another hash, or cannot be built.
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
        # A warning about another virtual environment is not news here; the caller shows its own progress.
        self._environment.update(UV_NO_PROGRESS="1", UV_PYTHON_DOWNLOADS="never")
        self._environment.pop("VIRTUAL_ENV", None)

    def export_lock(self, root: Path) -> str:
        """The project's uv.lock as a lock, everything in it."""
        command = ("export", "--frozen", "--format", "pylock.toml", "--no-header", "--no-emit-project")
        try:
            return self._run(root, *command, "--all-groups", "--all-extras", where="uv.lock")
        except DependencyError:  # extras or groups that exclude each other: then the default ones
            return self._run(root, *command, where="uv.lock")

    def compile(self, request: Request, root: Path, target: Target) -> str:
        """A lock of one version for each distribution that the request needs."""
        with _scratch_folder() as folder:
            output = folder / _LOCK
            output.write_text(render_preferences(request.preferred), "utf-8")
            options = [*request.options, *(["--no-deps"] if request.is_flat else [])]
            for option, text in (
                ("", request.requirements),
                ("-c", request.constraints),
                ("--override", request.overrides),
            ):
                if text:
                    file = folder / f"{option.strip('-') or 'in'}.txt"
                    file.write_text(text, "utf-8")
                    options += [*([option] if option else []), str(file)]
            self._run(
                root, "pip", "compile", *request.files, *options, "--output-file", str(output), "--no-header",
                "--format", "pylock.toml", "--python-platform", target.platform, "--python-version", target.python,
                where=request.where,
            )  # fmt: skip
            return with_absolute_paths(output.read_text("utf-8"), folder)

    def install(
        self, lock: str, root: Path, target: Target, into: Path, *, options: Sequence[str] = (), builds: bool = False
    ) -> None:
        """Put what a lock has into a directory."""
        with _scratch_folder() as folder:
            file = folder / _LOCK
            file.write_text(lock, "utf-8")
            self._run(
                root, "pip", "install", "--target", str(into), "-r", str(file), "--no-deps", "--link-mode", "copy",
                "--python-platform", target.platform, "--python-version", target.python, "--python", sys.executable,
                *options, *(() if builds else ("--no-build",)), where="",
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
        found = self._start(command, None)
        return Path(found.stdout.strip()) if not found.returncode and found.stdout.strip() else None

    def _program(self) -> str:
        found = find_uv(self._environment)
        if not found:
            raise ToolError("uv, which fetches wheels, is not installed", hint="Install edgeroutes[dev]")
        return found

    def _run(self, root: Path, *arguments: str, where: str) -> str:
        command = (self._program(), *arguments)
        ran = self._start(command, root)
        if ran.returncode < 0:
            problem = f"uv was ended by signal {-ran.returncode} ({signal.strsignal(-ran.returncode)})"
            raise ToolError(problem, where=command[0], hint="Give it more memory or disk space, and build again")
        if ran.returncode:
            raise read_uv_failure(ran.stderr, where, program=command[0], root=root)
        return ran.stdout

    def _start(self, command: Sequence[str], root: Path | None) -> subprocess.CompletedProcess[str]:
        environment = self._environment
        try:
            return subprocess.run(  # noqa: S603
                command, cwd=root, env=environment, capture_output=True, encoding="utf-8", errors="replace", check=False
            )
        except OSError as error:
            hint = "Correct the variable UV, or remove it" if environment.get("UV") else "Install edgeroutes[dev]"
            raise ToolError(f"uv does not start: {error.strerror or error}", where=command[0], hint=hint) from error


@contextlib.contextmanager
def _scratch_folder() -> Iterator[Path]:
    """A folder that is removed afterwards; a full disk is reported with its place."""
    with full_disk_errors(Path(tempfile.gettempdir())), tempfile.TemporaryDirectory(prefix="edgeroutes-") as made:
        yield Path(made).resolve()


def find_uv(environment: Mapping[str, str]) -> str:
    """Uv's program: what `UV` names, else the one beside our Python (edgeroutes[dev] brings it), else the PATH's; empty for none."""
    beside = Path(sys.executable).with_name("uv.exe" if os.name == "nt" else "uv")
    return environment.get("UV") or (str(beside) if beside.is_file() else shutil.which("uv") or "")
