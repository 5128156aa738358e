"""From a project's folder to what is deployed. Floor 3: here the building wing's stages meet, and its files are read.

What flows through, stage by stage. Each stage is a room of its own that knows values and no files; what does I/O is
here, or behind a port::

    pyproject.toml     config.load_config        → Config            [tool.edgeroutes], checked
    functions/**       routing.scan              → RouteScan         routes in the order in which they are tried
        │
        ▼
    plan               plan.project.make_plan    → ProjectPlan       which functions there are, what each of them
        │                function_yaml             properties        answers, and which paths of the API lead to it
        │                grouping                  who shares one
        │                logical_ids               what it is called
        │                api_tree                  the API's paths
        │                validate                  what AWS would refuse
        │              build.features                for the template: what of AWS a function's code asks for
        ├──────────────────────────────┐
        ▼                              ▼
    template           template.document         build               (called by the Makefile of `sam build`)
        functions  api  openapi  cdn               trace             which files a function needs, and why
        merge      infra/*.yaml over it            installer         wheels for the target
        counts     does it fit in a stack          bytecode store    bundles, each built once
        yaml       the text                        bundle            into ARTIFACTS_DIR
        │
        ▼
    template.yaml      written whole or not at all, committed, compared in CI (`edgeroutes template --check`)

A stage never asks an earlier one again. Problems are gathered and raised together as one `ProblemsError`, before
anything is written; warnings are values that the CLI prints.
"""

from __future__ import annotations

import difflib
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgeroutes.build.distributions import installed_distributions, installed_site_packages
from edgeroutes.build.features import feature_names
from edgeroutes.build.libraries import OwnUsers
from edgeroutes.build.modules import SearchPath
from edgeroutes.build.stamps import StampRecord
from edgeroutes.build.trace import Tracer
from edgeroutes.config import FILE as CONFIG_FILE
from edgeroutes.config import INFRA_FOLDER, load_config
from edgeroutes.errors import ConfigError, ProjectError, ToolError, require_no_problems
from edgeroutes.plan.infra import parse_infra
from edgeroutes.plan.project import make_plan
from edgeroutes.plan.validate import warn_foreign_roles
from edgeroutes.routing.reading import list_folder, read_text
from edgeroutes.routing.scan import DiskTree, scan
from edgeroutes.template.document import Template, make_template
from edgeroutes.template.yaml import HEADER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgeroutes.config import Config
    from edgeroutes.plan.infra import Infra
    from edgeroutes.plan.model import ProjectPlan
    from edgeroutes.routing.scan import RouteScan

TEMPLATE_FILE = "template.yaml"
# Of which files the template was last found current; beside the store, in the folder that git ignores.
RECORD = ".edgeroutes/template.json"


def plan_project(root: Path, infra: Infra | None = None) -> ProjectPlan:
    """The functions of the project in `root`, whose infra/ may have been read.

    Raises:
        ProjectError: For all that is wrong with its settings, its routes and its function.yaml files.
    """
    config = load_config(root)
    return plan_scan(root, config, scan(DiskTree(root), config.app_dir), infra)


def plan_scan(root: Path, config: Config, found: RouteScan, infra: Infra | None = None) -> ProjectPlan:
    """The functions of a project whose settings and routes, and perhaps infra/, have been read.

    Raises:
        ProjectError: For all that is wrong with its routes and its function.yaml files.
    """
    files = {file for route in found.routes for file in route.function_yaml_files}
    return make_plan(config, found, _read_texts(root, files), infra or read_infra(root))


def project_template(root: Path) -> Template:
    """The template of the project in `root`, with its counts and warnings.

    Raises:
        ProjectError: For all that is wrong with the project or its infra/, or when it fits in no stack.
    """
    return _read_template(root)[0]


def require_current_template(root: Path) -> list[str]:
    """The warnings of the project's template, which is the one in template.yaml; nothing for one that edgeroutes has not made.

    While no file has changed, it costs their stamps.

    Raises:
        ConfigError: template.yaml is another one.
        ProjectError: As `project_template`.
    """
    path = root / TEMPLATE_FILE
    if not is_generated(path):
        return []
    record = StampRecord(root / RECORD)
    known: list[str] | None = record.read()
    if known is not None:
        return known
    template, tracer = _read_template(root)
    if check_template(root, template.text):
        problem = "it is not current: routes, settings or infra/ have changed since it was written"
        raise ConfigError(problem, where=TEMPLATE_FILE, hint="Run 'edgeroutes template', and build again")
    warnings = [str(warning) for warning in template.warnings]
    app_dir = root / load_config(root).app_dir
    folders = [Path(folder) for folder, _, _ in os.walk(app_dir)]
    files = [Path(folder, name) for folder, _, names in os.walk(app_dir) for name in names if not name.endswith(".pyc")]
    files += [path, root / CONFIG_FILE, *(root / name for name in _infra_files(root)), *tracer.read_files]
    record.write(warnings, files, [*folders, root / INFRA_FOLDER, *tracer.listed_directories])
    return warnings


def is_generated(path: Path) -> bool:
    """Whether this is a template.yaml that edgeroutes has made."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.readline().rstrip("\n") == HEADER.splitlines()[0]
    except OSError:
        return False


def _read_template(root: Path) -> tuple[Template, Tracer]:
    infra = read_infra(root)
    tracer = Tracer(SearchPath(project_root=root, site_packages=installed_site_packages()))
    return make_template(_with_features(plan_project(root, infra), tracer), infra), tracer


def read_infra(root: Path) -> Infra:
    """The project's own parts of the template, parsed.

    Raises:
        ProjectError: For files that cannot be read.
    """
    return parse_infra(_read_texts(root, _infra_files(root)))


def render_template(root: Path) -> str:
    """The text that template.yaml of the project in `root` has to have.

    Raises:
        ProjectError: As `project_template`.
    """
    return project_template(root).text


def check_template(root: Path, text: str) -> list[str]:
    """The lines of a diff between the project's template.yaml and this text; empty when they are the same.

    Line ends do not count: git may write the file with others.
    """
    path = root / TEMPLATE_FILE
    there = path.read_text("utf-8", errors="replace") if path.is_file() else ""
    if there == text:
        return []
    lines = difflib.unified_diff(there.splitlines(), text.splitlines(), f"{TEMPLATE_FILE} (there)", "as it has to be")
    return [line.rstrip("\n") for line in lines]


def write_template(root: Path, text: str) -> bool:
    """Put the text into template.yaml, whole or not at all; whether it was another before.

    Raises:
        ToolError: The file cannot be written.
    """
    if not check_template(root, text):
        return False
    temporary = ""
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="\n", dir=root, delete=False) as file:
            temporary = file.name
            file.write(text)
        Path(temporary).chmod(0o644)
        os.replace(temporary, root / TEMPLATE_FILE)  # noqa: PTH105 - the atomic one, by its name
    except OSError as err:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        problem = f"the file cannot be written: {err.strerror or err}"
        raise ToolError(problem, where=TEMPLATE_FILE, hint="Free space, or make the folder writable") from err
    return True


def _with_features(plan: ProjectPlan, tracer: Tracer) -> ProjectPlan:
    """The plan with what its functions use of edgeroutes: the routes' files alone do not say it, what they import does."""
    users = OwnUsers(installed_distributions(installed_site_packages()))
    names = feature_names(plan.functions, tracer, users)
    functions = tuple(replace(each, features=names[each.logical_id]) for each in plan.functions)
    return replace(plan, functions=functions, warnings=(*plan.warnings, *warn_foreign_roles(functions)))


def _infra_files(root: Path) -> list[str]:
    return [f"{INFRA_FOLDER}/{name}" for name in list_folder(root / INFRA_FOLDER, INFRA_FOLDER, (".yaml", ".yml"))]


def _read_texts(root: Path, files: Iterable[str]) -> dict[str, str]:
    texts: dict[str, str] = {}
    problems: list[ProjectError] = []
    for file in sorted(files):
        try:
            texts[file] = read_text(root / file, file)
        except FileNotFoundError:  # taken away since it was listed
            continue
        except ProjectError as err:
            problems.append(err)
    require_no_problems(problems)
    return texts
