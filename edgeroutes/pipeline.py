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
import re
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgeroutes.build.distributions import installed_distributions, installed_site_packages
from edgeroutes.build.features import feature_names
from edgeroutes.build.libraries import OwnUsers
from edgeroutes.build.modules import SearchPath
from edgeroutes.build.trace import Tracer
from edgeroutes.build.variables import VariableUse, read_variable_uses
from edgeroutes.config import load_config
from edgeroutes.errors import ProjectError, ToolError, require_no_problems
from edgeroutes.names import CONFIG_FILE, ENV_FILES, INFRA_FOLDER, TEMPLATE_FILE
from edgeroutes.plan.infra import parse_infra
from edgeroutes.plan.project import make_plan
from edgeroutes.plan.validate import warn_foreign_roles
from edgeroutes.routing.python_source import shared_trees
from edgeroutes.routing.reading import list_folder, read_text
from edgeroutes.routing.scan import DiskTree, scan
from edgeroutes.template.document import Template, make_document, make_template
from edgeroutes.template.lint import LintFindings, lint_template
from edgeroutes.template.yaml import GENERATED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from edgeroutes.build.graph import ImportGraph
    from edgeroutes.config import Config
    from edgeroutes.plan.infra import Infra
    from edgeroutes.plan.model import ProjectPlan
    from edgeroutes.routing.scan import RouteScan


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


def read_template(root: Path) -> tuple[Template, set[Path], set[Path]]:
    """The template of the project in `root`, the files that it is made of, and the folders that were listed for it.

    Raises:
        ProjectError: As `project_template`.
    """
    template, tracer = _read_template(root)
    app_dir = root / load_config(root).app_dir
    files = {
        root / TEMPLATE_FILE,
        root / CONFIG_FILE,
        *(root / name for name in ENV_FILES),
        *(root / name for name in _infra_files(root)),
        *tracer.read_files,
    }
    folders = {root / INFRA_FOLDER, *tracer.listed_directories}
    for folder, _, names in os.walk(app_dir):
        folders.add(Path(folder))
        files.update(Path(folder, name) for name in names if not name.endswith(".pyc"))
    return template, files, folders


def lint_project(root: Path, region: str) -> LintFindings:
    """What a deploy would refuse of function.yaml files and infra/, as SAM's translator and cfn-lint know it.

    Raises:
        ProjectError: As `project_template`.
    """
    infra = read_infra(root)
    plan = plan_project(root, infra)
    return lint_template(make_document(plan, infra), plan, infra, region=region)


def is_generated(path: Path) -> bool:
    """Whether this is a template.yaml that edgeroutes has made."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.readline().startswith(GENERATED)
    except OSError:
        return False


def _read_template(root: Path) -> tuple[Template, Tracer]:
    infra = read_infra(root)
    tracer = Tracer(SearchPath(project_root=root, site_packages=installed_site_packages()))
    graphs: dict[str, ImportGraph] = {}
    with shared_trees():
        plan = _with_features(plan_project(root, infra), tracer, graphs)
        uses = _variable_uses(graphs)
    env_files = {name: read_env_names(root / name) for name in ENV_FILES}
    return make_template(plan, infra, uses=uses, env_files=env_files), tracer


def read_env_names(path: Path) -> frozenset[str]:
    """The names of the variables in a `.env` file; none where there is no such file."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):  # some call an environment of Python so, which is a folder
        return frozenset()
    return frozenset(re.findall(r"^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=", text, re.MULTILINE))


def _variable_uses(graphs: Mapping[str, ImportGraph]) -> dict[str, list[tuple[str, VariableUse]]]:
    """Function id → what its project files read of the environment, each file read once."""
    known: dict[Path, tuple[VariableUse, ...]] = {}
    found: dict[str, list[tuple[str, VariableUse]]] = {}
    for logical_id, graph in graphs.items():
        uses = found[logical_id] = []
        for module in graph.project_modules:
            if module.file not in known:
                known[module.file] = read_variable_uses(module.file) if module.file.suffix == ".py" else ()
            uses += [(graph.where(module.file, 0).rpartition(":")[0], use) for use in known[module.file]]
    return found


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


def _with_features(plan: ProjectPlan, tracer: Tracer, graphs: dict[str, ImportGraph]) -> ProjectPlan:
    """The plan with what its functions use of edgeroutes: the routes' files alone do not say it, what they import does."""
    users = OwnUsers(installed_distributions(installed_site_packages()))
    names = feature_names(plan.functions, tracer, users, graphs=graphs)
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
