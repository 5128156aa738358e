"""The files in which a project's versions are locked: which of them counts, whether it is current, and Poetry's, read by ourselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from edgeroutes.build.declared import PROJECT_FILE, strings, table
from edgeroutes.build.modules import OWN_PACKAGE, normalize_name
from edgeroutes.build.pylock import Locked, Pin, applies
from edgeroutes.build.requirements import REQUIREMENTS_FILE, read_text
from edgeroutes.config import parse_toml
from edgeroutes.errors import DependencyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from edgeroutes.build.declared import Declaration, Declarations
    from edgeroutes.errors import ProjectError

UV_LOCK = "uv.lock"
PYLOCK = "pylock.toml"
POETRY_LOCK = "poetry.lock"
PDM_LOCK = "pdm.lock"
ENVIRONMENT = "the environment"
# Keys of an entry of uv.lock that say where a distribution is from: such an entry has no version to compare.
_PLACES = frozenset({"editable", "directory", "virtual", "path", "git", "url"})


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
    workspace = find_workspace(root)
    if (root / UV_LOCK).exists() or workspace is None:
        workspace = root
    if (workspace / UV_LOCK).exists():
        members = () if workspace == root else (str(workspace / UV_LOCK), str(workspace / PROJECT_FILE))
        return Source(name=UV_LOCK, path=workspace / UV_LOCK, files=(PROJECT_FILE, *members))
    for name in (PYLOCK, POETRY_LOCK, PDM_LOCK, REQUIREMENTS_FILE):
        if (root / name).exists():
            return Source(name=name, path=root / name, files=(PROJECT_FILE, name))
    return Source(name=ENVIRONMENT, path=root, files=(PROJECT_FILE,))


def find_workspace(root: Path) -> Path | None:
    """The root of the uv workspace that has this project as a member; None where there is none. Source: docs.astral.sh/uv, "Workspaces"."""
    for folder in (root, *root.parents):
        if not (folder / PROJECT_FILE).is_file():
            continue
        settings = parse_toml(
            read_text(folder / PROJECT_FILE), where=PROJECT_FILE if folder == root else str(folder / PROJECT_FILE)
        )
        workspace = table(settings, "tool", "uv").get("workspace")
        if not isinstance(workspace, dict):
            continue
        members = _matching(folder, workspace.get("members")) - _matching(folder, workspace.get("exclude"))
        return folder if folder == root or root in members else None
    return None


def check_uv_lock(lock: str, declarations: Declarations) -> list[ProjectError]:
    """What pyproject.toml declares and uv.lock has in another way, or the other way round.

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
    return problems


def parse_poetry_lock(text: str, root: Path, environment: Mapping[str, str], *, where: str = POETRY_LOCK) -> Locked:
    """What Poetry or PDM locked. The files have hashes and no URLs: uv looks them up, and only those with these hashes count.

    Source: python-poetry, packages/locker.py, lock-version 2; pdm, project/lockfile, lock_version 4.5.

    Raises:
        ConfigError: It is not valid TOML.
    """
    pins: dict[str, Pin] = {}
    folders: dict[str, Path] = {}
    for package in parse_toml(text, where=where).get("package", ()):
        name = normalize_name(package["name"])
        if name == OWN_PACKAGE or not any(
            applies(marker, environment, where=where) for marker in _poetry_markers(package)
        ):
            continue
        source = package.get("source") or _pdm_source(package, root)
        if source.get("type") == "directory":
            folders[name] = root / source["url"]
        else:
            pins[name] = _poetry_pin(name, package, source, root)
    return Locked(pins=pins, folders=folders)


def source_indexes(root: Path) -> dict[str, str]:
    """By distribution, the index that `[tool.uv.sources]` names for it, as uv's options take it: `name=URL`."""
    workspace = find_workspace(root)
    found: dict[str, str] = {}
    for folder in dict.fromkeys(filter(None, (workspace, root))):
        document = parse_toml(read_text(folder / PROJECT_FILE), where=PROJECT_FILE)
        settings = table(document, "tool", "uv")
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


def _poetry_markers(package: Mapping[str, Any]) -> Iterator[Any]:
    """The markers of a package, of which one must hold: one for all groups, or one for each."""
    markers = package.get("markers", package.get("marker"))
    yield from markers.values() if isinstance(markers, dict) else [markers]


def _pdm_source(package: Mapping[str, Any], root: Path) -> Mapping[str, Any]:
    """Where a package of pdm.lock is from, as poetry.lock has it; empty for an index."""
    if "git" in package:
        below = {"subdirectory": package["subdirectory"]} if package.get("subdirectory") else {}
        return {"type": "git", "url": package["git"], "resolved_reference": package["revision"], **below}
    if "path" in package:
        return {"type": "directory" if (root / package["path"]).is_dir() else "file", "url": package["path"]}
    return {"type": "url", "url": package["url"]} if "url" in package else {}


def _poetry_pin(name: str, package: Mapping[str, Any], source: Mapping[str, Any], root: Path) -> Pin:
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
