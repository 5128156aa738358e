"""The files in which a project's versions are locked: which of them counts, whether it is current; the readers of Poetry's and PDM's."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from edgeroutes.build.declared import REQUIREMENTS_FILE, read_text, strings, table
from edgeroutes.build.modules import OWN_PACKAGE, normalize_name
from edgeroutes.build.pylock import Locked, Pin, applies
from edgeroutes.build.session import digest, variables_digest, without_credentials
from edgeroutes.config import parse_toml
from edgeroutes.errors import DependencyError
from edgeroutes.names import CONFIG_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from edgeroutes.build.declared import Declaration, Declarations
    from edgeroutes.errors import ProjectError

UV_LOCK = "uv.lock"
PYLOCK = "pylock.toml"
POETRY_LOCK = "poetry.lock"
PDM_LOCK = "pdm.lock"
PIPENV_LOCK = "Pipfile.lock"
ENVIRONMENT = "the environment"
# Keys of an entry of uv.lock that say where a distribution is from: such an entry has no version to compare.
_PLACES = frozenset({"editable", "directory", "virtual", "path", "git", "url"})
# Keys of [tool.uv.sources] and the keys of uv.lock that say the same.
_KINDS: Mapping[str, frozenset[str]] = {
    "git": frozenset({"git"}),
    "url": frozenset({"url"}),
    "index": frozenset({"index"}),
    "path": frozenset({"path", "directory", "editable", "virtual"}),
    "workspace": frozenset({"directory", "editable", "virtual"}),
}

# Of [tool.uv] and uv.toml: where nobody recorded hashes, another index may have another file.
# Source: docs.astral.sh/uv "Configuration files".
_SETTINGS_FILE = "uv.toml"
_KEYS = (
    "index",
    "index-url",
    "extra-index-url",
    "find-links",
    "no-index",
    "index-strategy",
    "exclude-newer",
    "prerelease",
    "resolution",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What says which versions a project gets.

    Args:
        name: As messages call it: `uv.lock`, `the environment`.
        path: Of the file; the project's folder for the environment.
        files: That decide, relative to the project or absolute.
    """

    name: str
    path: Path
    files: tuple[str, ...] = ()


def find_source(root: Path) -> Source:
    """What says which versions the project in `root` gets: a lock of uv, here or of its workspace, another lock, or requirements.txt."""
    workspace = _find_workspace(root)
    if (root / UV_LOCK).exists() or workspace is None:
        workspace = root
    if (workspace / UV_LOCK).exists():
        members = () if workspace == root else (str(workspace / UV_LOCK), str(workspace / CONFIG_FILE))
        return Source(name=UV_LOCK, path=workspace / UV_LOCK, files=(CONFIG_FILE, *members))
    for name in (PYLOCK, POETRY_LOCK, PDM_LOCK, REQUIREMENTS_FILE):
        if (root / name).exists():
            return Source(name=name, path=root / name, files=(CONFIG_FILE, name))
    if (root / PIPENV_LOCK).exists():
        hint = "Run 'pipenv requirements --hash > requirements.txt' after each 'pipenv lock'"
        raise DependencyError("edgeroutes does not read this lock", where=PIPENV_LOCK, hint=hint)
    return Source(name=ENVIRONMENT, path=root, files=(CONFIG_FILE,))


def _find_workspace(root: Path) -> Path | None:
    """The root of the uv workspace that has this project as a member; None where there is none. Source: docs.astral.sh/uv, "Workspaces"."""
    for folder in (root, *root.parents):
        if not (folder / CONFIG_FILE).is_file():
            continue
        settings = parse_toml(
            read_text(folder / CONFIG_FILE), where=CONFIG_FILE if folder == root else str(folder / CONFIG_FILE)
        )
        workspace = table(settings, "tool", "uv").get("workspace")
        if not isinstance(workspace, dict):
            continue
        members = _matching(folder, workspace.get("members")) - _matching(folder, workspace.get("exclude"))
        return folder if folder == root or root in members else None
    return None


def check_uv_lock(lock: str, declarations: Declarations, root: Path) -> list[ProjectError]:
    """What pyproject.toml declares and uv.lock has in another way, or the other way round, sources and constraints too.

    Compares text with text: uv's own `--locked` resolves anew, and refuses a lock that another index was used for.
    """
    document = parse_toml(lock, where=UV_LOCK)
    package = next((each for each in document.get("package", ()) if each.get("name") == declarations.name), None)
    if not declarations.name or declarations.is_dynamic:
        return []
    if package is None:
        problem = f"it has no project {declarations.name!r}, which pyproject.toml names"
        return [DependencyError(problem, where=UV_LOCK, hint="Run 'uv lock'")]
    metadata = package.get("metadata", {})
    groups = metadata.get("requires-dev", {}).values()
    locked: dict[str, list[Mapping[str, Any]]] = {}
    for entry in (*metadata.get("requires-dist", ()), *(each for group in groups for each in group)):
        locked.setdefault(normalize_name(entry["name"]), []).append(entry)
    declared = [each for each in declarations.from_project if each.is_standard]
    problems: list[ProjectError] = [
        DependencyError(f"{each.text!r} is not what uv.lock has", where=each.where, hint="Run 'uv lock'")
        for each in declared
        if not any(_is_locked(each, entry) for entry in locked.get(each.name, ()))
    ]
    names = {each.name for each in declared}
    for name in sorted(locked.keys() - names - {declarations.name}):
        problem = f"it has {name!r} for {declarations.name!r}, and pyproject.toml no longer declares it"
        problems.append(DependencyError(problem, where=UV_LOCK, hint="Run 'uv lock'"))
    return [
        *problems,
        *_check_sources(declared, locked, root),
        *_check_default_index(document, root),
        *_check_limits(document, root),
    ]


def check_names(
    lock: Mapping[str, Any], declarations: Declarations, where: str, hint: str, environment: Mapping[str, str]
) -> list[ProjectError]:
    """What the project needs to run and a lock without a copy of these declarations lacks, or has in another version.

    Args:
        lock: The document.
        declarations: Of the project.
        where: The lock.
        hint: How to lock again.
        environment: Values of markers: what these keep from the functions, a lock need not have.
    """
    locked: dict[str, set[str]] = {}
    for package in (*lock.get("package", ()), *lock.get("packages", ())):
        locked.setdefault(normalize_name(package["name"]), set()).add(str(package.get("version", "")))
    problems: list[ProjectError] = []
    for each in declarations.from_project:
        if each.group or each.name in {OWN_PACKAGE, declarations.name}:
            continue
        requirement, versions = Requirement(each.text), locked.get(each.name, set())
        if requirement.marker is not None and not applies(requirement.marker, environment, where=each.where):
            continue
        allowed = requirement.specifier
        fits = any(not version or allowed.contains(version, prereleases=True) for version in versions)
        if not fits:
            has = f"has {each.name} {', '.join(sorted(versions))}" if versions else f"does not have {each.name!r}"
            problem = f"{each.text!r} is declared, and {where} {has}"
            problems.append(DependencyError(problem, where=each.where, hint=hint))
    return problems


def _check_sources(
    declared: Iterable[Declaration], locked: Mapping[str, list[Mapping[str, Any]]], root: Path
) -> Iterator[DependencyError]:
    """Distributions that `[tool.uv.sources]` takes from elsewhere than the lock has them from."""
    sources = {name: found for _, settings in uv_settings(root) for name, found in table(settings, "sources").items()}
    by_name = {normalize_name(name): found if isinstance(found, list) else [found] for name, found in sources.items()}
    for each in {each.name: each for each in declared if "@" not in each.text and each.name in locked}.values():
        found = {kind for entry in locked[each.name] for kind in entry.keys() & (_PLACES | {"index"})}
        wanted = [source for source in by_name.get(each.name, ()) if isinstance(source, dict)]
        allowed = {kind for source in wanted for kind in source.keys() & _KINDS.keys()}
        if not found <= frozenset().union(*(_KINDS[kind] for kind in allowed)) or (allowed and not found):
            lock, settings = (", ".join(sorted(kinds)) or "the default index" for kinds in (found, allowed))
            problem = f"{each.name!r} comes from {lock} in uv.lock, and from {settings} by [tool.uv.sources]"
            yield DependencyError(problem, where=each.where, hint="Run 'uv lock'")


def _check_default_index(lock: Mapping[str, Any], root: Path) -> Iterator[DependencyError]:
    """A default index in pyproject.toml that nothing in the lock is from, though it has distributions of an index that no file names."""
    indexes = [
        each for _, settings in uv_settings(root) for each in settings.get("index", ()) if isinstance(each, dict)
    ]
    named = {_plain_url(each.get("url")) for each in indexes}
    default = next((_plain_url(each.get("url")) for each in indexes if each.get("default")), "")
    sources = (table(each, "source").get("registry") for each in lock.get("package", ()))
    locked = {_plain_url(each) for each in sources if isinstance(each, str) and "://" in each}
    if "://" in default and default not in locked and locked - named:
        problem = f"the default index is {default!r}, and uv.lock has distributions of {min(locked - named)!r}"
        yield DependencyError(problem, where=CONFIG_FILE, hint="Run 'uv lock'")


def _plain_url(url: Any) -> str:
    return without_credentials(os.path.expandvars(str(url))).rstrip("/")


def _check_limits(lock: Mapping[str, Any], root: Path) -> Iterator[DependencyError]:
    """Constraints and overrides that the lock was made without, or with others. Source: uv's lock, table `manifest`."""
    (_, settings), *_ = uv_settings(root)
    for key, name in (("constraint-dependencies", "constraints"), ("override-dependencies", "overrides")):
        texts = [Requirement(each) for each in strings(settings.get(key))]
        declared = {(normalize_name(each.name), each.specifier) for each in texts if each.url is None}
        entries = [each for each in table(lock, "manifest").get(name, ()) if not _PLACES & each.keys()]
        locked = {(normalize_name(each["name"]), SpecifierSet(each.get("specifier", ""))) for each in entries}
        if declared != locked:
            shown = ", ".join(sorted(f"{name}{specifier}" for name, specifier in declared ^ locked))
            problem = f"[tool.uv] {key} is not what uv.lock has ({shown})"
            yield DependencyError(problem, where=CONFIG_FILE, hint="Run 'uv lock'")


def parse_tool_lock(text: str, root: Path, environment: Mapping[str, str], *, where: str) -> Locked:
    """What Poetry or PDM locked. Their files have hashes and no URLs: uv looks them up, and only those with these hashes count.

    Source: python-poetry, packages/locker.py, lock-version 2; pdm, formats and models/repositories/lock.py, lock_version 4.

    Raises:
        ConfigError: It is not valid TOML.
    """
    pins: dict[str, Pin] = {}
    folders: dict[str, Path] = {}
    document = parse_toml(text, where=where)
    extras = table(document, "extras")
    for package in document.get("package", ()):
        name = normalize_name(package["name"])
        markers = _markers(package)
        if name == OWN_PACKAGE or not any(applies(each, environment, where=where, extras=extras) for each in markers):
            continue
        source = package.get("source") or _pdm_source(package, root)
        if source.get("type") == "directory":
            folders[name] = root / source["url"]
        else:
            pins[name] = _pin(name, package, source, root)
    return Locked(pins=pins, folders=folders)


def source_indexes(root: Path) -> dict[str, str]:
    """By distribution, the index that `[tool.uv.sources]` names for it, as uv's options take it: `name=URL`."""
    found: dict[str, str] = {}
    for folder, settings in uv_settings(root):
        urls = {
            each.get("name"): str(each.get("url", "")) for each in settings.get("index", ()) if isinstance(each, dict)
        }
        for name, source in table(settings, "sources").items():
            entries = source if isinstance(source, list) else [source]
            index = next((each["index"] for each in entries if isinstance(each, dict) and "index" in each), None)
            if index is not None and urls.get(index):
                url = urls[index] if "://" in urls[index] else str((folder / urls[index]).resolve())
                found[normalize_name(name)] = f"{index}={url}"
    return found


def uv_settings(root: Path) -> list[tuple[Path, Mapping[str, Any]]]:
    """`[tool.uv]` of the workspace, then of the project, each with its folder; one where both are the same."""
    folders = dict.fromkeys(filter(None, (_find_workspace(root), root)))
    documents = ((folder, parse_toml(read_text(folder / CONFIG_FILE), where=CONFIG_FILE)) for folder in folders)
    return [(folder, table(document, "tool", "uv")) for folder, document in documents]


def settings_files(root: Path) -> list[Path]:
    """The files beside pyproject.toml in which uv may find indexes: of the project and the folders above it, the user, and the machine."""
    config = Path(os.environ.get("APPDATA") or os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    named = os.environ.get("UV_CONFIG_FILE")
    system = [config / "uv" / _SETTINGS_FILE, Path("/etc/uv", _SETTINGS_FILE)]
    return [*(folder / _SETTINGS_FILE for folder in (root, *root.parents)), *system, *([root / named] if named else [])]


def index_digest(root: Path, settings: Iterable[Mapping[str, Any]], options: Iterable[str]) -> str:
    """A digest of all that chooses indexes.

    Args:
        root: The project.
        settings: `[tool.uv]` of the project and of its workspace.
        options: Of uv, that the project's requirements name.
    """
    chosen = [{key: each[key] for key in _KEYS if key in each} for each in settings]
    texts = [read_text(path) for path in settings_files(root)]
    plain = [without_credentials(each) for each in (json.dumps(chosen, default=str), *texts, *options)]
    return digest([variables_digest(), *plain])


def _matching(folder: Path, patterns: Any) -> set[Path]:
    return {path for pattern in strings(patterns) for path in folder.glob(pattern.rstrip("/"))}


def _is_locked(declaration: Declaration, entry: Mapping[str, Any]) -> bool:
    requirement = Requirement(declaration.text)
    if {normalize_name(each) for each in entry.get("extras", ())} != {
        normalize_name(each) for each in requirement.extras
    }:
        return False
    if _PLACES & entry.keys() or requirement.url is not None:
        return True
    try:
        return SpecifierSet(str(entry.get("specifier", ""))) == requirement.specifier
    except InvalidSpecifier:
        return True


def _pdm_source(package: Mapping[str, Any], root: Path) -> Mapping[str, Any]:
    """Where PDM has a package from, in Poetry's words; empty for an index."""
    if "git" in package:
        return {**package, "type": "git", "url": package["git"], "resolved_reference": package["revision"]}
    if "path" in package:
        return {"type": "directory" if (root / package["path"]).is_dir() else "file", "url": package["path"]}
    return {"type": "url", "url": package["url"]} if "url" in package else {}


def _markers(package: Mapping[str, Any]) -> Iterator[Any]:
    """The markers of a package, of which one must hold: one for all groups, or Poetry's one for each."""
    markers = package.get("markers", package.get("marker"))
    yield from markers.values() if isinstance(markers, dict) else [markers]


def _pin(name: str, package: Mapping[str, Any], source: Mapping[str, Any], root: Path) -> Pin:
    version, kind, url = str(package["version"]), source.get("type"), str(source.get("url", ""))
    hashes = frozenset(str(file["hash"]) for file in package.get("files", ()) if "hash" in file)
    entry: dict[str, Any] = {"name": name, "version": version}
    if kind == "git":
        below = {"subdirectory": source["subdirectory"]} if source.get("subdirectory") else {}
        entry["vcs"] = {"type": "git", "url": url, "commit-id": source["resolved_reference"], **below}
        requirement = f"{name} @ git+{url}@{source['resolved_reference']}"
        return Pin(name=name, version=version, requirement=requirement, package=entry)
    if kind == "file":
        entry["archive"] = {"path": str((root / url).resolve()), "hashes": _split(hashes)}
        requirement = f"{name} @ {(root / url).resolve().as_uri()}"
        return Pin(name=name, version=version, requirement=requirement, package=entry)
    if kind == "url":
        return Pin(name=name, version=version, requirement=f"{name} @ {url}", allowed=hashes)
    index = f"{source.get('reference') or 'private'}={url}" if kind == "legacy" else ""
    return Pin(name=name, version=version, requirement=f"{name}=={version}", index=index, allowed=hashes)


def _split(hashes: Iterable[str]) -> dict[str, str]:
    return dict(each.split(":", 1) for each in hashes)
