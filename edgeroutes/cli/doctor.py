"""`edgeroutes doctor`: a line for each thing that this machine and the project need.

It runs programs for their versions. Where there are credentials, it reads from AWS which role API Gateway logs with.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgeroutes.build.installer import UvInstaller, find_uv
from edgeroutes.build.store import FOLDER
from edgeroutes.cli import DONE, REFUSED
from edgeroutes.cli.aws_settings import find_credentials, find_foreign_role, find_region, read_samconfig
from edgeroutes.cli.init import has_rule
from edgeroutes.cli.template import lint_region
from edgeroutes.config import load_config
from edgeroutes.errors import EdgeroutesError, ProblemsError
from edgeroutes.names import CONFIG_FILE, SAM_CONFIG_FILE, SAM_FOLDER, TEMPLATE_FILE
from edgeroutes.pipeline import check_template, lint_project, project_template, read_infra
from edgeroutes.template.api import manages_account
from edgeroutes.template.cdn import warn_region
from edgeroutes.template.lint import LintFindings, can_lint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgeroutes.config import Config

_OK, _MISSING, _NOTE = "ok", "missing", "note"
_COLORS = {_OK: "green", _MISSING: "red", _NOTE: "yellow"}
_TIMEOUT_S = 20
_INSTALL_MAKE = {
    "darwin": "Run xcode-select --install",
    "linux": "Install it: apt install make, dnf install make, apk add make",
    "win32": "Install it: winget install ezwinports.make, choco install make; its rules need sh, which Git for Windows has",
}
_INSTALL_SAM = (
    "Run uv tool install aws-sam-cli, or use the installer of docs.aws.amazon.com/serverless-application-model"
)
_BUILT = Path(SAM_FOLDER, "build", TEMPLATE_FILE)


@dataclass(frozen=True, slots=True)
class _Finding:
    """A line of the report.

    Args:
        name: The thing that was checked.
        state: `ok`; `missing`, without which `sam build` fails; `note` for anything else to know.
        found: What is there, or what is missing.
        hint: What to do, as an imperative without its full stop; empty where all is well.
    """

    name: str
    state: str
    found: str
    hint: str = ""


def print_findings(root: Path, *, as_json: bool) -> int:
    """Print the findings; 1 when `sam build` would fail."""
    findings = [*_check_machine(root), *check_project(root)]
    is_ready = all(each.state != _MISSING for each in findings)
    if as_json:
        print(json.dumps({"ready": is_ready, "findings": [asdict(each) for each in findings]}, indent=2))
        return DONE if is_ready else REFUSED
    width = max(len(each.name) for each in findings)
    for each in findings:
        hint = f". {each.hint}." if each.hint else ""
        click.echo(f"{click.style(f'{each.state:7}', fg=_COLORS[each.state])}  {each.name:{width}}  {each.found}{hint}")
    if not is_ready:
        print("'sam build' needs what is missing.", file=sys.stderr)
    return DONE if is_ready else REFUSED


def _check_machine(root: Path) -> Iterator[_Finding]:
    yield _Finding("Python", _OK, f"{platform.python_version()}, {sys.executable}")
    uv = find_uv(os.environ)
    yield _program("uv", uv, "edgeroutes needs it to install dependencies", "Run pip install 'edgeroutes[dev]'")
    make = _INSTALL_MAKE.get(sys.platform, _INSTALL_MAKE["linux"])
    yield _program("make", shutil.which("make"), "'sam build' needs it", make)
    yield _program("SAM CLI", shutil.which("sam"), "'sam build' and 'sam deploy' need it", _INSTALL_SAM)
    yield _docker()
    if uv:
        yield _functions_python(root)
    yield _credentials()
    yield _region(root)


def check_project(root: Path) -> Iterator[_Finding]:
    """The files that `sam build` and `sam deploy` read."""
    try:
        config = load_config(root)
    except EdgeroutesError as error:
        first = error.problems[0] if isinstance(error, ProblemsError) else error
        yield _Finding(CONFIG_FILE, _MISSING, f"{first.where}: {first.problem}", first.hint or "Fix it")
        return
    if not (root / config.app_dir).is_dir():
        hint = "Run 'edgeroutes init', or go to your project's folder"
        yield _Finding("project", _MISSING, f"there is no folder {config.app_dir!r} in {root}", hint)
        return
    yield from _template(root)
    yield from _log_role(root, config)
    yield _makefile(root)
    yield _samconfig(root)
    yield _ignored(root)
    yield _sam_build(root)


def _program(name: str, path: str | None, purpose: str, hint: str) -> _Finding:
    if not path:
        return _Finding(name, _MISSING, f"it is not on the PATH, and {purpose}", hint)
    line = _first_line(path, "--version")
    if not line:
        return _Finding(name, _MISSING, f"{path} --version fails", "Run it to see why")
    version = next((word.rstrip(",") for word in line.split() if word[:1].isdigit()), line)
    return _Finding(name, _OK, f"{version}, {path}")


def _docker() -> _Finding:
    program = shutil.which("docker") or shutil.which("finch")
    if not program:
        return _Finding(
            "Docker", _NOTE, "it is not installed; only 'sam local' needs it", "Install Docker or Finch for that"
        )
    version = _first_line(program, "version", "--format", "{{.Server.Version}}")
    if not version:
        return _Finding("Docker", _NOTE, "its daemon does not respond; only 'sam local' needs it", "Start it for that")
    return _Finding("Docker", _OK, f"{version}, {program}")


def _functions_python(root: Path) -> _Finding:
    name = "functions' Python"
    try:
        version = load_config(root).runtime.removeprefix("python")
    except EdgeroutesError:
        return _Finding(name, _NOTE, f"{CONFIG_FILE} cannot be read", "Fix it")
    program = UvInstaller().find_python(version)
    if program is None:
        found = f"Python {version} is not installed, so functions have no bytecode and compile at each cold start"
        return _Finding(name, _NOTE, found, f"Run 'uv python install {version}'")
    return _Finding(name, _OK, f"{version}, {program}")


def _credentials() -> _Finding:
    found = find_credentials(os.environ)
    if found:
        return _Finding("AWS credentials", _OK, found)
    hint = "Run 'aws configure sso' or 'aws configure', or set AWS_PROFILE"
    return _Finding("AWS credentials", _NOTE, "there are none, and 'sam deploy' needs them", hint)


def _region(root: Path) -> _Finding:
    found = find_region(os.environ, root)
    if found:
        return _Finding("AWS region", _OK, found)
    hint = "Run 'sam deploy --guided', or set AWS_DEFAULT_REGION"
    return _Finding("AWS region", _NOTE, "none is set, and 'sam deploy' needs one", hint)


def _template(root: Path) -> Iterator[_Finding]:
    """Whether template.yaml is current and deployable, and its warnings."""
    try:
        template = project_template(root)
        found = lint_project(root, lint_region(root)) if can_lint() else LintFindings()
    except EdgeroutesError as error:
        yield _refused(error.problems if isinstance(error, ProblemsError) else (error,), "edgeroutes routes")
        return
    if check_template(root, template.text):
        state = "the file is not current" if (root / TEMPLATE_FILE).exists() else "the file is missing"
        yield _Finding(TEMPLATE_FILE, _MISSING, state, "Run 'edgeroutes template'")
    elif found.problems:
        yield _refused(found.problems, "edgeroutes template --check")
    else:
        yield _Finding(TEMPLATE_FILE, _OK, "current")
    for warning in (*template.warnings, *warn_region(load_config(root), lint_region(root)), *found.warnings):
        place = f"{warning.where}: " if warning.where else ""
        yield _Finding(TEMPLATE_FILE, _NOTE, f"{place}{warning.problem}", warning.hint)


def _refused(problems: Sequence[EdgeroutesError], command: str) -> _Finding:
    first, more = problems[0], len(problems) - 1
    found = f"{first.where}: {first.problem}" + (f" (and {more} more)" if more else "")
    return _Finding(TEMPLATE_FILE, _MISSING, found, first.hint or f"Run '{command}' to see all")


def _log_role(root: Path, config: Config) -> Iterator[_Finding]:
    """Whether a deploy would replace a role that another stack has set."""
    name = "API Gateway's log role"
    region = find_region(os.environ, root).partition(",")[0]
    if not region or not find_credentials(os.environ) or not manages_account(read_infra(root)):
        return
    stack_name = read_samconfig(root, "stack_name") or config.name
    try:
        role = find_foreign_role(region, stack_name)
    except ConnectionError as error:
        yield _Finding(name, _NOTE, f"the request to AWS failed: {error}")
        return
    if not role:
        yield _Finding(name, _OK, f"a deploy of {stack_name!r} replaces no other stack's role")
        return
    found = f"all APIs of the account in {region} log with {role}, and a deploy of {stack_name!r} replaces it"
    hint = "Deploy with --parameter-overrides ManageApiGatewayAccount=false, or set that Default in infra/"
    yield _Finding(name, _NOTE, found, hint)


def _makefile(root: Path) -> _Finding:
    if has_rule(root):
        return _Finding("Makefile", _OK, "it has a rule for build-%")
    found = "it has no rule for build-%" if (root / "Makefile").exists() else "the file is missing"
    return _Finding("Makefile", _MISSING, found, "Run 'edgeroutes init', which adds it")


def _samconfig(root: Path) -> _Finding:
    files = sorted(path.name for path in root.glob("samconfig.*"))
    if files:
        return _Finding(SAM_CONFIG_FILE, _OK, ", ".join(files))
    found = "the file is missing, so 'sam deploy' needs its values as options"
    return _Finding(SAM_CONFIG_FILE, _NOTE, found, "Run 'edgeroutes init', which adds one")


def _ignored(root: Path) -> _Finding:
    name = ".gitignore"
    if not shutil.which("git") or not _first_line("git", "-C", str(root), "rev-parse", "--is-inside-work-tree"):
        return _Finding(name, _OK, "the project is not in a git repository")
    folders = (FOLDER.partition("/")[0], SAM_FOLDER)
    missing = [folder for folder in folders if not _first_line("git", "-C", str(root), "check-ignore", f"{folder}/x")]
    if missing:
        found = f"git does not ignore {' and '.join(missing)}, the folders of builds"
        return _Finding(name, _NOTE, found, "Run 'edgeroutes init', which adds them")
    return _Finding(name, _OK, f"git ignores {' and '.join(folders)}")


def _sam_build(root: Path) -> _Finding:
    name = "last sam build"
    built = root / _BUILT
    if not built.is_file():
        return _Finding(name, _OK, "there is none yet")
    newer = [path for path in _sources(root) if path.stat().st_mtime > built.stat().st_mtime]
    if newer:
        more = f" and {len(newer) - 1} more" if newer[1:] else ""
        found = f"it is older than {newer[0].relative_to(root).as_posix()}{more}"
        return _Finding(name, _NOTE, found, "Run 'sam build' before 'sam deploy' or 'sam local'")
    return _Finding(name, _OK, "nothing has changed since")


def _sources(root: Path) -> list[Path]:
    """The files that a build reads, as far as they are known without tracing."""
    files = [root / name for name in (TEMPLATE_FILE, CONFIG_FILE, "uv.lock", "requirements.txt")]
    files += sorted((root / load_config(root).app_dir).rglob("*.py"))
    return [file for file in files if file.is_file()]


def _first_line(*command: str) -> str:
    """The first line of a program's output; empty when it fails, hangs or prints nothing."""
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0"}
    try:
        ran = subprocess.run(  # noqa: S603
            command, env=environment, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "" if ran.returncode else next(iter(ran.stdout.strip().splitlines()), "")
