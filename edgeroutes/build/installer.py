"""The port through which versions, wheels and interpreters are had, and uv behind it.

uv reads its own settings (indexes, credentials) from the project and the environment, as it does for its users.
"""

from __future__ import annotations

import contextlib
import os
import re
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
from edgeroutes.errors import DependencyError, ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from edgeroutes.build.target import Target
    from edgeroutes.errors import EdgeroutesError

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


_MINIMAL_UV = "0.8"
_NO_WHEEL = re.compile(r"Because (?:all versions of )?(\S+?)(?:[=<>]=?\S+)? has no (?:usable )?wheels")
_UNKNOWN = re.compile(r"Because (\S+) was not found in the (?:package registry|cache|provided package locations)")
_NO_VERSION = re.compile(r"^Because there is no version of (\S+) and you require \1$")
_BOTH = re.compile(r"^Because you require \S+ and \S+")
_UNKNOWN_PLATFORM = re.compile(r"invalid value '(\S+)' for '--python-platform")
_UNKNOWN_OPTION = re.compile(
    r"unexpected argument '(\S+)' found|invalid value '\S+' for '(--(?:format|output-file)\S*)"
)
_FETCH = re.compile(r"Failed to (?:fetch|download)[:]? `?((?:https?|ssh|git)://[^\s`]+?)[`.,]*(?:\s|$)")
_STATUS = re.compile(r"HTTP status (?:client|server) error \((\d{3} ?[\w ]*)\)")
_UNREACHABLE = ("error sending request", "Connection refused", "dns error", "timed out", "tcp connect error")
_SUBJECT = re.compile(
    r"error: (?:Failed to (?:download and build|build|download|fetch|prepare)|Failed to install:?) `([^`]+)`"
)
_WRONG_TAGS = re.compile(r"The built wheel `([^`]+)` is not compatible")
_MISMATCH = re.compile(r"Hash mismatch for `([^`]+)`.*?Expected:\s*(.*?)\s*Computed:\s*(\S+)", re.DOTALL)
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
_NO_SPACE = "No space left on device"


class UnknownDistributionError(DependencyError):
    """No index has a distribution.

    Args:
        name: Of the distribution.
        where: The file that the versions come from.
        hint: What to do.
    """

    def __init__(self, name: str, *, where: str, hint: str) -> None:
        super().__init__(f"no index has {name!r}", where=where, hint=hint)
        self.name = name


def read_uv_failure(said: str, where: str, *, program: str, root: Path) -> EdgeroutesError:
    """Why uv failed, as an error of the machine or of the project.

    Args:
        said: On standard error.
        where: The file that the versions come from; empty where uv's own words are place enough.
        program: The uv that ran.
        root: The folder that it ran in.
    """
    said = _CREDENTIALS.sub("", said)
    if _NO_SPACE in said:
        return ToolError("the disk is full", where=str(root), hint="Free some space")
    if refused := _UNKNOWN_PLATFORM.search(said):
        return ToolError(
            f"the installed uv does not know the platform {refused[1]!r}, which this runtime needs",
            where="pyproject.toml, runtime and architecture in [tool.edgeroutes]",
            hint=f"Update uv ({program})",
        )
    if unknown := _UNKNOWN_OPTION.search(said):
        problem = f"this uv is too old: it does not know {unknown[1] or unknown[2]}"
        return ToolError(problem, where=program, hint=f"Install uv {_MINIMAL_UV} or newer")
    return read_uv_error(said, where)


def read_uv_error(said: str, where: str) -> DependencyError:
    """What uv reported about distributions.

    Args:
        said: `error: …`, `cause: …` and `hint: …` lines.
        where: The file that the versions come from; empty where uv's own words are place enough.
    """
    said = _CREDENTIALS.sub("", said)
    said = said[max(said.find("error:"), 0) :]
    known = _network_error(said, where) or _mismatch(said, where) or _build_error(said, where)
    if known is not None:
        return known
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    causes = [line.partition("cause:")[2].strip() or line for line in lines if not line.startswith(("error:", "hint:"))]
    text = " ".join(causes) or (lines[0].partition("error:")[2].strip() if lines else "uv failed without a message")
    text = text.removesuffix(".").replace(", we can conclude that your requirements are unsatisfiable", "")
    hints = [line.partition("hint:")[2].strip().rstrip(".") for line in lines if line.startswith("hint:")]
    if no_wheel := _NO_WHEEL.search(text):
        name = no_wheel[1]
        hint = f"Choose a version of {name!r} that has such a wheel, or replace it: Lambda cannot build it"
        return DependencyError(f"{name!r} has no wheel for the functions: {text}", where=where, hint=hint)
    if unknown := _UNKNOWN.search(text):
        hint = hints[0] if hints else "Correct its name, or give uv the index that has it (UV_INDEX)"
        return UnknownDistributionError(unknown[1], where=where, hint=hint)
    if absent := _NO_VERSION.search(text):
        return DependencyError(f"no index has {absent[1]}", where=where, hint="Choose a version that exists")
    if "depends on" in text or _BOTH.search(text):
        hint = "Change one of these versions so that they agree, then lock again"
        return DependencyError(f"distributions are in conflict: {text}", where=where, hint=hint)
    return DependencyError(f"uv failed: {text}", where=where, hint=". ".join(hints))


def _network_error(said: str, where: str) -> DependencyError | None:
    found = _FETCH.search(said)
    status = _STATUS.search(said)
    if found is None or not (status or any(mark in said for mark in _UNREACHABLE)):
        return None
    subject = _SUBJECT.search(said)
    need = f", which has {subject[1]!r}" if subject and "://" not in subject[1] else ""
    if status is None:
        last = [line.partition("cause:")[2].strip() for line in said.splitlines() if "cause:" in line][-1:]
        problem = f"{found[1]}{need} cannot be reached ({last[0] if last else 'no response'})"
        return DependencyError(problem, where=where, hint="Start the index, or correct its URL")
    hint = "Give uv the credentials of the index" if status[1][:3] in {"401", "403"} else "Look at the index"
    return DependencyError(f"{found[1]}{need} returned {status[1].strip()}", where=where, hint=hint)


def _mismatch(said: str, where: str) -> DependencyError | None:
    found = _MISMATCH.search(said)
    if found is None:
        return None
    expected = " or ".join(found[2].split())
    problem = f"the file of {found[1]!r} is not the one that was locked: its hash is {found[3]}, expected is {expected}"
    return DependencyError(problem, where=where, hint="Do not install it before you know why; then lock again")


def _build_error(said: str, where: str) -> DependencyError | None:
    subject = _SUBJECT.search(said)
    if subject is None:
        return None
    name = re.split(r"==| @ ", subject[1])[0]
    if wrong := _WRONG_TAGS.search(said):
        return native_error(name, "-".join(wrong[1].removesuffix(".whl").split("-")[-3:]), where)
    if "Git operation failed" in said:
        fatal = next((line.strip() for line in said.splitlines() if "fatal:" in line), "git failed")
        hint = "Correct its URL, or the access of git to it"
        return DependencyError(f"the repository of {subject[1]!r} cannot be read: {fatal}", where=where, hint=hint)
    if "build" not in subject[0]:
        return None
    lines = [line.strip() for line in said.partition("hint:")[0].splitlines() if line.strip()]
    problem = f"{name!r} has no wheel for the functions, and building it from its source failed: {lines[-1]}"
    hint = f"Choose a version of {name!r} that has a wheel, or replace it"
    return DependencyError(problem, where=where, hint=hint)


def native_error(name: str, tag: str, where: str) -> DependencyError:
    """A distribution whose wheel, built here, has machine code."""
    problem = (
        f"{name!r} has no wheel for the functions, and its source builds machine code for this machine alone ({tag})"
    )
    hint = f"Choose a version of {name!r} that has a wheel for Lambda, or replace it"
    return DependencyError(problem, where=where, hint=hint)
