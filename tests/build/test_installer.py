"""What uv says, as ours. The texts are those of uv 0.13.8, recorded 2026-11-21."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from edgeroutes.build.installer import Request, UvInstaller, find_uv, read_uv_error, read_uv_failure
from edgeroutes.build.target import Target
from edgeroutes.config import ARCHITECTURES, PYTHONS, Config
from edgeroutes.errors import DependencyError, ToolError

SAID = {
    "only an sdist": (
        (
            "error: No solution found when resolving dependencies\n"
            "  cause: Because docopt==0.6.2 has no usable wheels and you require docopt==0.6.2, we can conclude that your requirements "
            "are unsatisfiable.\n\n"
            "hint: Wheels are required for `docopt` because building from source is disabled for all packages (i.e., with `--no-build`)\n"
        ),
        (
            "'docopt' has no wheel for the functions: Because docopt==0.6.2 has no usable wheels and you require docopt==0.6.2. Choose a "
            "version of 'docopt' that has such a wheel, or replace it: Lambda cannot build it."
        ),
    ),
    "no wheel for the target": (
        (
            "error: No solution found when resolving dependencies\n"
            "  cause: Because pywin32==311 has no wheels with a matching platform tag (e.g., `manylinux_2_34_x86_64`) and you require "
            "pywin32==311, we can conclude that your requirements are unsatisfiable.\n\n"
            "hint: Wheels are available for `pywin32` (v311) on the following platforms: `win32`, `win_amd64`, `win_arm64`\n"
        ),
        (
            "'pywin32' has no wheel for the functions: Because pywin32==311 has no wheels with a matching platform tag (e.g., "
            "`manylinux_2_34_x86_64`) and you require pywin32==311. Choose a version of 'pywin32' that has such a wheel, or replace it: "
            "Lambda cannot build it."
        ),
    ),
    "a conflict": (
        (
            "warning: something else\n"
            "error: No solution found when resolving dependencies\n"
            "  cause: Because fastapi>=0.165.0 depends on starlette>=1.6.0 and starlette==0.40.0, we can conclude that fastapi>=0.165.0 "
            "cannot be used.\n"
            "         And because you require fastapi==0.165.0, we can conclude that your requirements are unsatisfiable.\n"
        ),
        (
            "distributions are in conflict: Because fastapi>=0.165.0 depends on starlette>=1.6.0 and starlette==0.40.0, we can "
            "conclude that fastapi>=0.165.0 cannot be used. And because you require fastapi==0.165.0. Change one of these "
            "versions so that they agree, "
            "then lock again."
        ),
    ),
    "a name that nobody has": (
        (
            "error: No solution found when resolving dependencies\n"
            "  cause: Because nosuchpackage-qqq was not found in the package registry and you require nosuchpackage-qqq, we can conclude "
            "that your requirements are unsatisfiable.\n"
        ),
        "no index has 'nosuchpackage-qqq'. Correct its name, or give uv the index that has it (UV_INDEX).",
    ),
    "a changed file": (
        (
            "error: Failed to download `anyio==4.16.0`\n"
            "  cause: Hash mismatch for `anyio==4.16.0`\n\n"
            "         Expected:\n           sha256:00\n\n         Computed:\n           sha256:c6\n\n"
            "hint: `anyio` (v4.16.0) was included because `starlette` (v1.10.0) depends on `anyio`\n"
        ),
        (
            "the file of 'anyio==4.16.0' is not the one that was locked: its hash is sha256:c6, expected is sha256:00. Do not install it "
            "before you know why; then lock again."
        ),
    ),
    "nothing": ("", "uv failed without a message."),
}


@pytest.mark.parametrize("case", SAID)
def test_an_error_of_uv_names_the_distribution_and_what_to_do(case: str) -> None:
    said, expected = SAID[case]
    message = str(read_uv_error(said, ""))
    assert message == (expected if case != "nothing" else f"uv failed: {expected}")


def test_uv_that_is_nowhere_is_a_tool_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.delenv("UV", raising=False)
    with pytest.raises(ToolError, match="uv, which fetches wheels, is not installed"):
        UvInstaller().export_lock(tmp_path)


def test_the_interpreter_of_our_own_version_is_the_one_that_runs() -> None:
    assert UvInstaller().find_python(f"{sys.version_info[0]}.{sys.version_info[1]}") == Path(sys.executable)


def test_an_interpreter_of_pyenv_is_found(tmp_path: Path) -> None:
    for version in ("3.99.1", "3.99.10", "3.98.0"):
        (tmp_path / "versions" / version / "bin").mkdir(parents=True)
        (tmp_path / "versions" / version / "bin" / "python").touch()
    found = UvInstaller({"PYENV_ROOT": str(tmp_path)}).find_python("3.99")
    assert found == tmp_path / "versions" / "3.99.10" / "bin" / "python"


TARGETS = [Target.of(Config(runtime=runtime, architecture=each)) for runtime in PYTHONS for each in ARCHITECTURES]


def test_the_installed_uv_knows_the_platform_of_every_runtime() -> None:
    for command in ("compile", "install"):
        ran = subprocess.run(
            [find_uv(os.environ), "pip", command, "--help"], capture_output=True, text=True, check=True
        )
        listed = re.split(r"\n +--", ran.stdout.partition("--python-platform <PYTHON_PLATFORM>")[2])[0]
        known = set(re.findall(r"[\w-]+", listed))
        assert {target.platform for target in TARGETS} <= known


# Source: docs.aws.amazon.com/lambda "lambda-runtimes": the C library of each runtime's image.
GLIBC = {"3.11": (2, 26), "3.12": (2, 34), "3.13": (2, 34), "3.14": (2, 34)}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.tag)
def test_a_platform_is_not_newer_than_its_runtime(target: Target) -> None:
    machine, _, glibc = target.platform.partition("-manylinux_")
    assert tuple(map(int, glibc.split("_"))) <= GLIBC[target.python]
    assert (machine, target.tag) == (target.machine, f"cp{target.python.replace('.', '')}-{machine}")
    assert target.marker_environment()["python_version"] == target.python


def test_a_uv_that_does_not_know_a_platform_blames_the_setting_and_names_itself(tmp_path: Path) -> None:
    target = Target(python="3.13", machine="sparc")
    with pytest.raises(ToolError) as caught:
        UvInstaller().compile(Request(where="x", requirements="idna"), tmp_path, target)
    assert str(caught.value) == (
        "pyproject.toml, runtime and architecture in [tool.edgeroutes]: the installed uv does not know the platform "
        f"'sparc-manylinux_2_34', which this runtime needs. Update uv ({find_uv(os.environ)})."
    )


def test_a_lock_that_uv_cannot_read_is_reported(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text("version = 99\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\n')
    with pytest.raises(DependencyError, match=r"^uv.lock: "):
        UvInstaller().export_lock(tmp_path)


def test_a_full_disk_is_not_a_fault_of_the_distribution(tmp_path: Path) -> None:
    program = tmp_path / "uv"
    program.write_text("#!/bin/sh\necho 'failed to copy: No space left on device (os error 28)' >&2\nexit 2\n")
    program.chmod(0o755)
    with pytest.raises(ToolError, match=r"the disk is full. Free some space"):
        UvInstaller({"UV": str(program)}).export_lock(tmp_path)


REACHED = {
    "an index that is down": (
        (
            "error: Request failed after 3 retries in 13.1s\n"
            "  cause: Failed to fetch: http://user:secret@127.0.0.1:9/simple/corp/\n"
            "  cause: error sending request for url (http://127.0.0.1:9/simple/corp/)\n  cause: client error (Connect)\n"
            "  cause: tcp connect error\n  cause: Connection refused (os error 111)\n"
        ),
        (
            "uv.lock: http://127.0.0.1:9/simple/corp/ cannot be reached (Connection refused (os error 111)). "
            "Start the index, or correct its URL."
        ),
    ),
    "an index that wants credentials": (
        (
            "error: Failed to download `corp==1.0`\n  cause: Failed to fetch: `https://a.example/corp-1.0-py3-none-any.whl`\n"
            "  cause: HTTP status client error (401 Unauthorized) for url (https://a.example/corp-1.0-py3-none-any.whl)\n"
        ),
        (
            "uv.lock: https://a.example/corp-1.0-py3-none-any.whl, which has 'corp==1.0' returned 401 Unauthorized. "
            "Give uv the credentials of the index."
        ),
    ),
    "a repository that is gone": (
        (
            "error: Failed to download and build `corp @ git+https://token@git.example/r@abc`\n  cause: Git operation failed\n"
            "  cause: failed to clone into: /x\n         --- stderr\n         fatal: repository not found\n"
        ),
        (
            "uv.lock: the repository of 'corp @ git+https://git.example/r@abc' cannot be read: fatal: repository not found. "
            "Correct its URL, or the access of git to it."
        ),
    ),
    "a build that fails": (
        (
            "error: Failed to download and build `corp==1.0`\n  cause: The build backend returned an error\n"
            "         [stderr]\n         error: command 'gfortran' not found\n\nhint: This usually indicates a problem\n"
        ),
        (
            "uv.lock: 'corp' has no wheel for the functions, and building it from its source failed: "
            "error: command 'gfortran' not found. Choose a version of 'corp' that has a wheel, or replace it."
        ),
    ),
    "a build with machine code": (
        (
            "error: Failed to download and build `corp==1.0`\n"
            "  cause: The built wheel `corp-1.0-cp311-cp311-linux_x86_64.whl` is not compatible with the target Python 3.13\n"
        ),
        (
            "uv.lock: 'corp' has no wheel for the functions, and its source builds machine code for this machine alone "
            "(cp311-cp311-linux_x86_64). Choose a version of 'corp' that has a wheel for Lambda, or replace it."
        ),
    ),
    "a uv that is too old": (
        "error: invalid value 'pylock.toml' for '--format <FORMAT>'\n  [possible values: requirements.txt]\n",
        "/bin/uv: this uv is too old: it does not know --format. Install uv 0.8 or newer.",
    ),
}


@pytest.mark.parametrize("case", REACHED)
def test_a_failure_of_uv_blames_what_is_at_fault_and_tells_no_credentials(case: str, tmp_path: Path) -> None:
    said, expected = REACHED[case]
    assert str(read_uv_failure(said, "uv.lock", program="/bin/uv", root=tmp_path)) == expected


def test_a_uv_that_does_not_start_is_reported_with_the_variable_that_names_it(tmp_path: Path) -> None:
    installer = UvInstaller({"UV": "/nonexistent", "PYENV_ROOT": str(tmp_path)})
    for ask in (lambda: installer.export_lock(tmp_path), lambda: installer.find_python("3.99")):
        with pytest.raises(ToolError) as caught:
            ask()
        assert str(caught.value) == (
            "/nonexistent: uv does not start: No such file or directory. Correct the variable UV, or remove it."
        )
