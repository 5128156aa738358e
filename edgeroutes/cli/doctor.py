"""`edgeroutes doctor`: what this machine and the project need and have, a line each. Roof.

Programs are asked for their versions; AWS, where there are credentials, whose role API Gateway logs by.
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
from edgeroutes.cli.aws_settings import find_credentials, find_region, read_samconfig
from edgeroutes.cli.doctor_account import find_foreign_role
from edgeroutes.cli.init import has_rule
from edgeroutes.cli.template_check import lint_region
from edgeroutes.config import FILE, load_config
from edgeroutes.errors import EdgeroutesError, ProblemsError
from edgeroutes.pipeline import TEMPLATE_FILE, check_template, lint_project, project_template, read_infra
from edgeroutes.template.api import manages_account
from edgeroutes.template.lint import LintFindings, can_lint
from edgeroutes.template.partitions import warn_region

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgeroutes.config import Config

OK, MISSING, NOTE = "ok", "missing", "note"
_PATIENCE_S = 20
_MAKE = {
    "darwin": "Run xcode-select --install",
    "linux": "Install it: apt install make, dnf install make, apk add make",
    "win32": "Install it: winget install ezwinports.make, choco install make; its rules need sh, which Git for Windows has",
}
"""How each system gets make."""
_BUILT = Path(".aws-sam", "build", TEMPLATE_FILE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked for.

    Args:
        name: What it is.
        state: `ok`; `missing`, without which `sam build` does not work; `note`, without which something else does not.
        found: What is there, or what is not.
        hint: What to do, as an imperative without its full stop; empty where all is well.
    """

    name: str
    state: str
    found: str
    hint: str = ""


def print_findings(root: Path, *, as_json: bool) -> int:
    """Print what the machine and the project have and lack; 1 when `sam build` would not work."""
    findings = [*check_machine(root), *check_project(root)]
    is_ready = all(each.state != MISSING for each in findings)
    if as_json:
        print(json.dumps({"ready": is_ready, "findings": [asdict(each) for each in findings]}, indent=2))
        return DONE if is_ready else REFUSED
    width = max(len(each.name) for each in findings)
    colours = {OK: "green", MISSING: "red", NOTE: "yellow"}
    for each in findings:
        hint = f". {each.hint}." if each.hint else ""
        click.echo(f"{click.style(f'{each.state:7}', fg=colours[each.state])}  {each.name:{width}}  {each.found}{hint}")
    if not is_ready:
        print("'sam build' needs what is missing.", file=sys.stderr)
    return DONE if is_ready else REFUSED


def check_machine(root: Path) -> Iterator[Finding]:
    """Programs, the functions' Python, and what AWS would be asked with."""
    yield Finding(name="Python", state=OK, found=f"{platform.python_version()}, {sys.executable}")
    uv = find_uv(os.environ)
    yield _program(
        "uv", uv, MISSING, "it fetches the functions' wheels", "Run pip install 'edgeroutes[dev]', which brings it"
    )
    make = shutil.which("make") or ""
    yield _program(
        "make",
        make,
        MISSING,
        "sam build calls it",
        _MAKE.get(sys.platform, _MAKE["linux"]),
    )
    sam = shutil.which("sam") or ""
    hint = "Run uv tool install aws-sam-cli, or take the installer of docs.aws.amazon.com/serverless-application-model"
    yield _program("SAM CLI", sam, MISSING, "it builds and deploys", hint)
    yield _docker()
    if uv:
        yield _functions_python(root)
    yield _credentials()
    yield _region(root)


def check_project(root: Path) -> Iterator[Finding]:
    """The files that `sam build` and `sam deploy` read."""
    try:
        config = load_config(root)
    except EdgeroutesError as error:
        first = error.problems[0] if isinstance(error, ProblemsError) else error
        yield Finding(name=FILE, state=MISSING, found=f"{first.where}: {first.problem}", hint=first.hint or "Mend it")
        return
    if not (root / config.app_dir).is_dir():
        hint = "Run 'edgeroutes init', or go to your project's folder"
        yield Finding(
            name="project", state=MISSING, found=f"there is no folder {config.app_dir!r} in {root}", hint=hint
        )
        return
    yield from _template(root)
    yield from _log_role(root, config)
    yield _makefile(root)
    yield _samconfig(root)
    yield _ignored(root)
    yield _sam_build(root)


def _program(name: str, path: str, absent: str, purpose: str, hint: str) -> Finding:
    if not path:
        return Finding(name=name, state=absent, found=f"it is not on the PATH, and {purpose}", hint=hint)
    said = _first_line(path, "--version")
    if not said:
        return Finding(
            name=name, state=absent, found=f"{path} does not tell its version", hint="Run it to see what ails it"
        )
    version = next((word.rstrip(",") for word in said.split() if word[:1].isdigit()), said)
    return Finding(name=name, state=OK, found=f"{version}, {path}")


def _docker() -> Finding:
    program = shutil.which("docker") or shutil.which("finch") or ""
    if not program:
        found, hint = (
            "there is none, and 'sam local' needs it; nothing else does",
            "Install Docker or Finch if you want that",
        )
        return Finding(name="Docker", state=NOTE, found=found, hint=hint)
    version = _first_line(program, "version", "--format", "{{.Server.Version}}")
    if not version:
        found, hint = (
            "its daemon does not answer, and 'sam local' needs it; nothing else does",
            "Start it if you want that",
        )
        return Finding(name="Docker", state=NOTE, found=found, hint=hint)
    return Finding(name="Docker", state=OK, found=f"{version}, {program}")


def _functions_python(root: Path) -> Finding:
    name = "functions' Python"
    try:
        version = load_config(root).runtime.removeprefix("python")
    except EdgeroutesError:
        return Finding(name=name, state=NOTE, found=f"{FILE} cannot be read", hint="Mend it")
    program = UvInstaller().find_python(version)
    if program is None:
        found = f"there is no Python {version} here, so functions go without bytecode and compile themselves at each cold start"
        return Finding(name=name, state=NOTE, found=found, hint=f"Run 'uv python install {version}'")
    return Finding(name=name, state=OK, found=f"{version}, {program}")


def _credentials() -> Finding:
    found = find_credentials(os.environ)
    if found:
        return Finding(name="AWS credentials", state=OK, found=found)
    hint = "Run 'aws configure sso' or 'aws configure', or set AWS_PROFILE"
    return Finding(name="AWS credentials", state=NOTE, found="there are none, and 'sam deploy' needs them", hint=hint)


def _region(root: Path) -> Finding:
    found = find_region(os.environ, root)
    if found:
        return Finding(name="AWS region", state=OK, found=found)
    hint = "Run 'sam deploy --guided', or set AWS_DEFAULT_REGION"
    return Finding(name="AWS region", state=NOTE, found="none is set, and 'sam deploy' needs one", hint=hint)


def _template(root: Path) -> Iterator[Finding]:
    """Whether template.yaml is current and can be deployed, and what is worth a look in it."""
    try:
        template = project_template(root)
        found = lint_project(root, lint_region(root)) if can_lint() else LintFindings()
    except EdgeroutesError as error:
        yield _refused(error.problems if isinstance(error, ProblemsError) else (error,), "edgeroutes routes")
        return
    if check_template(root, template.text):
        state = "it is not current" if (root / TEMPLATE_FILE).exists() else "there is none"
        yield Finding(name=TEMPLATE_FILE, state=MISSING, found=state, hint="Run 'edgeroutes template'")
    elif found.problems:
        yield _refused(found.problems, "edgeroutes template --check")
    else:
        yield Finding(name=TEMPLATE_FILE, state=OK, found="it is current")
    for warning in (*template.warnings, *warn_region(load_config(root), lint_region(root)), *found.warnings):
        place = f"{warning.where}: " if warning.where else ""
        yield Finding(name=TEMPLATE_FILE, state=NOTE, found=f"{place}{warning.problem}", hint=warning.hint)


def _refused(problems: Sequence[EdgeroutesError], command: str) -> Finding:
    first, more = problems[0], len(problems) - 1
    found = f"{first.where}: {first.problem}" + (f" (and {more} more)" if more else "")
    return Finding(name=TEMPLATE_FILE, state=MISSING, found=found, hint=first.hint or f"Run '{command}' to see all")


def _log_role(root: Path, config: Config) -> Iterator[Finding]:
    """Whether a deploy would replace a role that another stack has set."""
    name = "API Gateway's log role"
    region = find_region(os.environ, root).partition(",")[0]
    if not region or not find_credentials(os.environ) or not manages_account(read_infra(root)):
        return
    stack_name = read_samconfig(root, "stack_name") or config.name
    try:
        role = find_foreign_role(region, stack_name)
    except ConnectionError as error:
        yield Finding(name=name, state=NOTE, found=f"AWS cannot be asked for it: {error}")
        return
    if not role:
        yield Finding(name=name, state=OK, found=f"a deploy of {stack_name!r} replaces no other stack's role")
        return
    found = f"all APIs of the account in {region} log by {role}, and a deploy of {stack_name!r} replaces it"
    hint = "Deploy with --parameter-overrides ManageApiGatewayAccount=false, or set that Default in infra/"
    yield Finding(name=name, state=NOTE, found=found, hint=hint)


def _makefile(root: Path) -> Finding:
    if has_rule(root):
        return Finding(name="Makefile", state=OK, found="it has a rule for build-%")
    found = "it has no rule for build-%" if (root / "Makefile").exists() else "there is none"
    return Finding(name="Makefile", state=MISSING, found=found, hint="Run 'edgeroutes init', which adds it")


def _samconfig(root: Path) -> Finding:
    there = sorted(path.name for path in root.glob("samconfig.*"))
    if there:
        return Finding(name="samconfig.toml", state=OK, found=", ".join(there))
    hint = "Run 'edgeroutes init', which adds one"
    return Finding(
        name="samconfig.toml", state=NOTE, found="there is none, so 'sam deploy' needs all as options", hint=hint
    )


def _ignored(root: Path) -> Finding:
    name = ".gitignore"
    if not shutil.which("git") or not _first_line("git", "-C", str(root), "rev-parse", "--is-inside-work-tree"):
        return Finding(name=name, state=OK, found="this is no git repository")
    folders = (FOLDER.partition("/")[0], ".aws-sam")
    told = [folder for folder in folders if not _first_line("git", "-C", str(root), "check-ignore", f"{folder}/x")]
    if told:
        hint = "Run 'edgeroutes init', which adds what is missing"
        return Finding(
            name=name, state=NOTE, found=f"git does not ignore {' and '.join(told)}, which builds fill", hint=hint
        )
    return Finding(name=name, state=OK, found=f"git ignores {' and '.join(folders)}")


def _sam_build(root: Path) -> Finding:
    name = "last sam build"
    built = root / _BUILT
    if not built.is_file():
        return Finding(name=name, state=OK, found="there is none yet")
    newer = [path for path in _sources(root) if path.stat().st_mtime > built.stat().st_mtime]
    if newer:
        found = f"it is older than {newer[0].relative_to(root).as_posix()}" + (
            f" and {len(newer) - 1} more" if newer[1:] else ""
        )
        return Finding(name=name, state=NOTE, found=found, hint="Run 'sam build' before 'sam deploy' or 'sam local'")
    return Finding(name=name, state=OK, found="nothing has changed since")


def _sources(root: Path) -> list[Path]:
    """The files whose change a build must see, as far as they are found without tracing."""
    config: Config = load_config(root)
    files = [root / name for name in (TEMPLATE_FILE, FILE, "uv.lock", "requirements.txt")]
    files += sorted((root / config.app_dir).rglob("*.py"))
    return [file for file in files if file.is_file()]


def _first_line(*command: str) -> str:
    """What a program says first; empty when it fails, hangs or says nothing."""
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0"}
    try:
        ran = subprocess.run(  # noqa: S603
            command, env=environment, capture_output=True, text=True, timeout=_PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "" if ran.returncode else next(iter(ran.stdout.strip().splitlines()), "")
