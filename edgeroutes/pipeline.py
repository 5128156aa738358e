"""From a project's folder to what is deployed: the stages of the build side, and the reading of its files.

Each stage is a package that knows values; I/O is here, or behind a port::

    pyproject.toml     config.load_config        → Config            [tool.edgeroutes], checked
    functions/**       routing.scan              → RouteScan         routes in the order in which they are tried
        │
        ▼
    plan               plan.project.make_plan    → ProjectPlan       the functions, their routes, and the paths of the API
        │                function_yaml             properties
        │                api_tree                  the API's paths, and which routes share a function
        │              build.own_parts             for the template: the features that a function's code uses
        ├──────────────────────────────┐
        ▼                              ▼
    template           template.document         build               (`sam build` runs it through the Makefile)
        functions  api  cdn  cors                trace             the files that a function needs, and why
        merge      infra/*.yaml over it            installer         wheels for the target
        document   the text; does it fit           bytecode store    bundles, each built once
                                                   bundle            into ARTIFACTS_DIR
        │
        ▼
    template.yaml      written atomically, committed, compared in CI (`edgeroutes template --check`)

A stage never calls an earlier one. All problems are raised together as one `ProblemsError`, before anything is written. Warnings are values
that the CLI prints.
"""

from __future__ import annotations

import difflib
import os
import re
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgeroutes.build.distributions import installed_distributions, installed_site_packages
from edgeroutes.build.mentions import OwnUsers
from edgeroutes.build.modules import SearchPath
from edgeroutes.build.own_parts import feature_names
from edgeroutes.build.trace import Tracer
from edgeroutes.build.uploads import read_uploads
from edgeroutes.build.variables import VariableUse, read_variable_uses
from edgeroutes.config import load_config
from edgeroutes.errors import ProjectError, ToolError, require_no_problems
from edgeroutes.names import CONFIG_FILE, ENV_FILES, INFRA_FOLDER, TEMPLATE_FILE
from edgeroutes.plan.cloudformation import parse_infra
from edgeroutes.plan.project import make_plan, warn_foreign_roles
from edgeroutes.routing.python_source import shared_trees
from edgeroutes.routing.reading import DiskTree, list_folder, read_text
from edgeroutes.routing.scan import scan
from edgeroutes.template.document import GENERATED, Template, make_document, make_template
from edgeroutes.template.lint import LintFindings, lint_template
from edgeroutes.template.uploads import bucket_ids

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from edgeroutes.build.graph import ImportGraph
    from edgeroutes.build.uploads import FunctionUploads
    from edgeroutes.config import Config
    from edgeroutes.plan.cloudformation import Infra
    from edgeroutes.plan.model import ProjectPlan
    from edgeroutes.routing.scan import RouteScan


def plan_project(root: Path, infra: Infra | None = None) -> ProjectPlan:
    """The functions of the project in `root`; `infra` where its infra/ has been read.

    Raises:
        ProjectError: For all problems of its settings, routes and function.yaml files.
    """
    config = load_config(root)
    return plan_scan(root, config, scan(DiskTree(root), config.app_dir), infra)


def plan_scan(root: Path, config: Config, found: RouteScan, infra: Infra | None = None) -> ProjectPlan:
    """The functions of a project whose settings and routes have been read.

    Raises:
        ProjectError: For all problems of its routes and function.yaml files.
    """
    files = {file for route in found.routes for file in route.function_yaml_files}
    return make_plan(config, found, _read_texts(root, files), infra or read_infra(root))


def project_template(root: Path) -> Template:
    """The template of the project in `root`, with its counts and warnings.

    Raises:
        ProjectError: For all problems of the project and its infra/, or when it does not fit in a stack.
    """
    return _read_template(root)[0]


def read_template(root: Path) -> tuple[Template, set[Path], set[Path]]:
    """The project's template, the files that it depends on, and the folders that were listed for it.

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
    """Problems of function.yaml files and infra/ that a deploy would fail at.

    Raises:
        ProjectError: As `project_template`.
    """
    infra = read_infra(root)
    plan = plan_project(root, infra)
    document = make_document(plan, infra, plan_uploads(root, plan, infra))
    return lint_template(document, plan, infra, region=region)


def is_generated(path: Path) -> bool:
    """Whether edgeroutes generated this template.yaml."""
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
        uploads = {logical_id: read_uploads(graph) for logical_id, graph in graphs.items()}
    env_files = {name: read_env_names(root / name) for name in ENV_FILES}
    return make_template(plan, infra, uses=uses, env_files=env_files, uploads=uploads), tracer


def plan_uploads(root: Path, plan: ProjectPlan, infra: Infra) -> dict[str, FunctionUploads]:
    """Logical id → the uploads that the function's files declare; nothing is traced where no file can have any.

    Raises:
        ProjectError: A bucket or a prefix that is not a literal.
    """
    if not bucket_ids(infra) or not _mentions_uploads(root):
        return {}
    graphs: dict[str, ImportGraph] = {}
    with shared_trees():
        _with_features(plan, Tracer(SearchPath(project_root=root, site_packages=installed_site_packages())), graphs)
        return {logical_id: read_uploads(graph) for logical_id, graph in graphs.items()}


def _mentions_uploads(root: Path) -> bool:
    """Whether a Python file of the project names `Uploads`; Python environments and hidden folders are left out."""
    for folder, folders, names in os.walk(root):
        if "pyvenv.cfg" in names:
            folders.clear()
            continue
        folders[:] = [each for each in folders if not each.startswith(".") and each != "node_modules"]
        for name in names:
            if name.endswith(".py"):
                with suppress(OSError):
                    if b"Uploads" in Path(folder, name).read_bytes():
                        return True
    return False


def read_env_names(path: Path) -> frozenset[str]:
    """The variable names in a `.env` file; empty without the file."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):  # it may be a folder: a Python environment
        return frozenset()
    return frozenset(re.findall(r"^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=", text, re.MULTILINE))


def _variable_uses(graphs: Mapping[str, ImportGraph]) -> dict[str, list[tuple[str, VariableUse]]]:
    """Logical id → the variables that the function's project files read; each file is read once."""
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
    """The project's own parts of the template.

    Raises:
        ProjectError: A file cannot be read.
    """
    return parse_infra(_read_texts(root, _infra_files(root)))


def check_template(root: Path, text: str) -> list[str]:
    """The diff between template.yaml and this text, in lines; empty when they are equal.

    Line ends are ignored, because git may change them.
    """
    path = root / TEMPLATE_FILE
    current = path.read_text("utf-8", errors="replace") if path.is_file() else ""
    if current == text:
        return []
    lines = difflib.unified_diff(current.splitlines(), text.splitlines(), TEMPLATE_FILE, f"{TEMPLATE_FILE} (generated)")
    return [line.rstrip("\n") for line in lines]


def write_template(root: Path, text: str) -> bool:
    """Write template.yaml atomically; whether it has changed.

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
        os.replace(temporary, root / TEMPLATE_FILE)  # noqa: PTH105 - the atomic one
    except OSError as err:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        problem = f"the file cannot be written: {err.strerror or err}"
        raise ToolError(problem, where=TEMPLATE_FILE, hint="Free space, or make the folder writable") from err
    return True


def _with_features(plan: ProjectPlan, tracer: Tracer, graphs: dict[str, ImportGraph]) -> ProjectPlan:
    """The plan with the features of edgeroutes that its functions use, themselves or through imports."""
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
        except FileNotFoundError:  # deleted since it was listed
            continue
        except ProjectError as err:
            problems.append(err)
    require_no_problems(problems)
    return texts
