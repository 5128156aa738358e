"""`edgeroutes init`: the files of a project that are missing, from `skeleton/`; and how `init` and `new` change files.

Changes are planned as values, then written, then printed. Nothing is overwritten. Existing files get an addition at their end: the
Makefile a rule, .gitignore lines, pyproject.toml `[tool.edgeroutes]`; uv adds the dependencies and keeps the file's formatting.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from edgeroutes._version import __version__
from edgeroutes.build.declared import REQUIREMENTS_FILE
from edgeroutes.build.installer import find_uv
from edgeroutes.build.session import MAKEFILE_RULE
from edgeroutes.cli import DONE, REFUSED
from edgeroutes.cli.output import problem_document
from edgeroutes.config import NAME_RULE, load_config, plain_name
from edgeroutes.errors import ConfigError, EdgeroutesError, ProblemsError, ToolError
from edgeroutes.names import CONFIG_FILE, SAM_CONFIG_FILE, TEMPLATE_FILE
from edgeroutes.pipeline import is_generated, project_template, write_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from edgeroutes.config import Config


_SKELETON = Path(__file__).with_name("skeleton")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A file of the project after the change.

    Args:
        path: Relative to the project's folder.
        text: The whole file.
        adds: What an existing file gets, for people; empty for a new one.
        about: A note on a new one, printed beside its name.
    """

    path: str
    text: str
    adds: str = ""
    about: str = ""


def _read_skeleton(name: str, values: Mapping[str, str] | None = None) -> str:
    """A file of the skeleton, with values in the place of `$name`; without values as it is."""
    text = (_SKELETON / name).read_text("utf-8")
    return text if values is None else Template(text).safe_substitute(values)


def write_changes(root: Path, changes: Iterable[Change]) -> None:
    """Write them; a file that is new to its Change is never overwritten."""
    for change in changes:
        path = root / change.path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w" if change.adds else "x", encoding="utf-8", newline="\n") as file:
                file.write(change.text)
        except OSError as error:
            problem = f"the file cannot be written: {error.strerror or error}"
            raise ToolError(problem, where=str(path), hint="Free space, or make the folder writable") from error


def has_own_template(root: Path) -> bool:
    """Whether template.yaml is the user's own; `init` and `new` do not change it then."""
    path = root / TEMPLATE_FILE
    return path.is_file() and not is_generated(path)


def refresh_template(root: Path) -> tuple[str, Sequence[EdgeroutesError]]:
    """Bring template.yaml up to date; what happened to it, or the problems."""
    if has_own_template(root):
        problem = "edgeroutes did not generate this file, and leaves it as it is"
        hint = "Move its resources to infra/, delete the file, and run 'edgeroutes template'"
        return "", [ToolError(problem, where=TEMPLATE_FILE, hint=hint)]
    try:
        is_written = write_template(root, project_template(root).text)
    except EdgeroutesError as error:
        return "", error.problems if isinstance(error, ProblemsError) else [error]
    return ("written" if is_written else "current"), ()


def print_changes(changes: Sequence[Change], *, template: str = "") -> None:
    rows = [(change.path, f"+ {change.adds}" if change.adds else change.about) for change in changes]
    if template:
        rows.append((TEMPLATE_FILE, template))
    width = max((len(path) for path, _ in rows), default=0)
    for path, what in rows:
        print(f"  {path:{width}}  {what}".rstrip())


def print_notes(notes: Iterable[str], problems: Iterable[EdgeroutesError]) -> None:
    for note in notes:
        print(f"note: {note}.", file=sys.stderr)
    for problem in problems:
        print(problem, file=sys.stderr)


_REQUIREMENT = f"edgeroutes>={__version__.rpartition('.')[0]}"
_DEV_REQUIREMENT = "edgeroutes[dev,testing]"
_RULE = re.compile(r"^build-%\s*:", re.MULTILINE)
_INCLUDE = re.compile(r"^[-s]?include\s", re.MULTILINE)
_OWN_TABLE = "[tool.edgeroutes]"


def print_init(given: str | None, *, as_json: bool) -> int:
    """Create a project, or its missing files, and print them; 1 when template.yaml cannot be written."""
    root = Path(given or ".").resolve()
    if root.exists() and not root.is_dir():
        raise ToolError("a file has this name", where=str(root), hint="Choose another name")
    config = _config(root, given)
    changes, notes = _plan_init(root, config)
    write_changes(root, changes)
    template, problems = refresh_template(root)
    if as_json:
        found = [problem_document(problem) for problem in problems]
        files = {"made": [each.path for each in changes if not each.adds], "extended": _extended(changes)}
        print(json.dumps({"name": config.name, "root": str(root), **files, "notes": notes, "problems": found}))
    else:
        print(f"{config.name} in {root}" + ("" if changes else ": no file was missing"))
        print_changes(changes, template=template)
        print_notes(notes, problems)
        if changes and not problems:
            print(_next_steps(root))
    return REFUSED if problems else DONE


def _plan_init(root: Path, config: Config) -> tuple[list[Change], list[str]]:
    """The files and additions that the project lacks, and notes for the user."""
    values = {"name": config.name, "version": __version__.rpartition(".")[0]}
    notes: list[str] = []
    changes = [*_plan_pyproject(root, values, notes), *_plan_route(root, config)]
    for path, pattern in (("infra/README.md", "infra"), (SAM_CONFIG_FILE, "samconfig.*"), ("README.md", "README*")):
        if not any(root.glob(pattern)):
            changes.append(Change(path=path, text=_read_skeleton(path, values)))
    return [*changes, *_plan_makefile(root, notes), *_plan_gitignore(root)], notes


def has_rule(root: Path) -> bool:
    """Whether the project's Makefile has a rule for the builds of `sam build`."""
    path = root / "Makefile"
    return path.is_file() and _RULE.search(path.read_text("utf-8", errors="replace")) is not None


def _config(root: Path, given: str | None) -> Config:
    config = load_config(root)
    if (root / CONFIG_FILE).is_file() or given is None:
        return config
    if plain_name(root.name) != root.name:
        problem = f"the name is {root.name!r}, which is the stack's name, too. Allowed are {NAME_RULE}"
        raise ConfigError(problem, where="edgeroutes init", hint=f"Use {plain_name(root.name)!r}")
    return config


def _plan_pyproject(root: Path, values: Mapping[str, str], notes: list[str]) -> list[Change]:
    path = root / CONFIG_FILE
    own = f'{_OWN_TABLE}\nname = "{values["name"]}"\n'
    if not path.is_file():
        if values["name"].lower() == "edgeroutes":
            problem = (
                "the project's name is 'edgeroutes', and a project cannot depend on itself. Any other name is allowed"
            )
            raise ConfigError(problem, where="edgeroutes init", hint="Name a folder: edgeroutes init my-app")
        if (root / REQUIREMENTS_FILE).is_file():
            notes.append(
                f"{REQUIREMENTS_FILE}: it declares the functions' dependencies. Add {_REQUIREMENT} if it is missing"
            )
            return [Change(path=CONFIG_FILE, text=own)]
        return [Change(path=CONFIG_FILE, text=_read_skeleton(CONFIG_FILE, values))]
    text = path.read_text("utf-8")
    document = tomllib.loads(text)
    adds = []
    if "project" not in document:
        notes.append(
            f"{CONFIG_FILE}: it has no [project]. Declare {_REQUIREMENT}, and {_DEV_REQUIREMENT} for development, with your tool"
        )
    for options, requirement in _missing_requirements(document) if "project" in document else ():
        added = _add_requirement(text, options, requirement)
        if added:
            text = added
            adds.append(requirement)
        else:
            command = " ".join(("uv add", *options, f"'{requirement}'"))
            notes.append(f"{CONFIG_FILE}: it does not declare {requirement}. Run {command}")
    if "edgeroutes" not in document.get("tool", {}):
        text = f"{text.rstrip()}\n\n{own}"
        adds.append(_OWN_TABLE)
    return [Change(path=CONFIG_FILE, text=text, adds=", ".join(adds))] if adds else []


def _missing_requirements(document: Mapping[str, Any]) -> list[tuple[tuple[str, ...], str]]:
    """Requirements that a pyproject.toml does not declare, each with the options of `uv add` for it."""
    project = document.get("project", {})
    needed = [str(each) for each in project.get("dependencies", [])]
    besides = [*document.get("dependency-groups", {}).values(), *project.get("optional-dependencies", {}).values()]
    names = [re.split(r"[\[\s<>=!~;@]", each, maxsplit=1)[0].lower() for each in needed]
    missing: list[tuple[tuple[str, ...], str]] = []
    if "edgeroutes" not in names and project.get("name") != "edgeroutes":
        missing.append(((), _REQUIREMENT))
    if not any(str(each).startswith("edgeroutes[") for group in (needed, *besides) for each in group):
        missing.append((("--group", "dev"), _DEV_REQUIREMENT))
    return missing


def _add_requirement(text: str, options: tuple[str, ...], requirement: str) -> str:
    """The text after `uv add`, run on a copy without lock file and network; empty where uv fails."""
    uv = find_uv(os.environ)
    if not uv:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, CONFIG_FILE)
        copy.write_text(text, "utf-8")
        command = (uv, "add", "--frozen", "--offline", "--no-config", "--quiet", *options, requirement)
        environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
        environment.pop("VIRTUAL_ENV", None)
        ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)  # noqa: S603
        return "" if ran.returncode else copy.read_text("utf-8")


def _plan_route(root: Path, config: Config) -> list[Change]:
    if any((root / config.app_dir).rglob("route.py")):
        return []
    route = "functions/hello/route.py"
    changes = [Change(path=f"{config.app_dir}/hello/route.py", text=_read_skeleton(route), about="GET, POST /hello")]
    if not (root / "tests/test_hello.py").exists():
        changes.append(Change(path="tests/test_hello.py", text=_read_skeleton("tests/test_hello.py")))
    return changes


def _plan_makefile(root: Path, notes: list[str]) -> list[Change]:
    path = root / "Makefile"
    if not path.exists():
        return [Change(path="Makefile", text=MAKEFILE_RULE, about="the rule with which sam build runs edgeroutes")]
    text = path.read_text("utf-8")
    if has_rule(root):
        if "edgeroutes" not in text.lower():
            notes.append(
                "Makefile: its rule for build-% does not run edgeroutes, and stays as it is (docs/bundles.md has ours)"
            )
        return []
    parts = [text, MAKEFILE_RULE]
    if _INCLUDE.search(text):  # the rule finds its folder in MAKEFILE_LIST, to which an include adds
        parts = [MAKEFILE_RULE, text]
        notes.append(
            "Makefile: sam build runs it in another folder. Put $(EDGEROUTES_ROOT)/ before the paths that it includes"
        )
    return [Change(path="Makefile", text="\n".join(f"{part.rstrip()}\n" for part in parts), adds="the rule build-%")]


def _plan_gitignore(root: Path) -> list[Change]:
    path = root / ".gitignore"
    wanted = _read_skeleton("gitignore").splitlines()
    if not path.exists():
        return [Change(path=".gitignore", text=_read_skeleton("gitignore"))]
    text = path.read_text("utf-8")
    there = {line.strip().strip("/") for line in text.splitlines()}
    missing = [line for line in wanted if line.strip("/") not in there]
    if not missing:
        return []
    there_now = [text.rstrip("\n")] if text.strip() else []
    return [Change(path=".gitignore", text="\n".join([*there_now, *missing, ""]), adds=", ".join(missing))]


def _extended(changes: list[Change]) -> dict[str, str]:
    return {change.path: change.adds for change in changes if change.adds}


def _next_steps(root: Path) -> str:
    steps = [] if root == Path.cwd() else [f"cd {os.path.relpath(root)}"]
    pip = "python3 -m venv .venv && .venv/bin/pip install 'edgeroutes[dev,testing]'"
    if "[project]" in (root / CONFIG_FILE).read_text("utf-8"):
        steps += [f"uv sync                   # or: {pip}", "uv run edgeroutes dev     # or: .venv/bin/edgeroutes dev"]
    else:
        steps += [pip, ".venv/bin/edgeroutes dev"]
    return "\n".join(["Next:", *(f"  {step}" for step in steps)])
