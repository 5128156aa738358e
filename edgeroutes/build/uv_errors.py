"""What uv writes to standard error, as errors of ours: which distribution, index or program is at fault, and what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgeroutes.errors import DependencyError, ToolError

if TYPE_CHECKING:
    from pathlib import Path

    from edgeroutes.errors import EdgeroutesError

MINIMAL_UV = "0.8"
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
        return ToolError(problem, where=program, hint=f"Install uv {MINIMAL_UV} or newer")
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
