"""The project's files that no import names: data beside modules, and what function.yaml includes.

A bundled module brings the files beside it, and the folders beside it that are not packages and hold no more Python than data:
templates, queries, certificates. Of the project's root, where everything else lies, what a string names. Nothing hidden (`.env`), no
caches, no `function.yaml`, and nothing that is private by its name or content (`private_files`), which only `include` can name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from edgeroutes.errors import ConfigError
from edgeroutes.routing.conventions import FUNCTION_FILE, MIDDLEWARE_FILE, ROUTE_FILE
from edgeroutes.routing.reading import read_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from edgeroutes.build.project_folders import Entry, ProjectFolders


_GLOB_MARKS = frozenset("*?[")
_ANY = "**"


def _is_glob(text: str) -> bool:
    """Whether the text has a mark of a pattern."""
    return bool(_GLOB_MARKS.intersection(text))


def _glob_parts(pattern: str) -> tuple[str, ...]:
    """The pattern's parts between slashes; a repeated `**` says nothing more than one, and is left out."""
    parts: list[str] = []
    for part in pattern.split("/"):
        if part in ("", ".") or (part == _ANY and parts[-1:] == [_ANY]):
            continue
        parts.append(part)
    return (*parts, _ANY) if pattern.endswith("/") and parts[-1:] != [_ANY] else tuple(parts)


def _matches_name(name: str, part: str) -> bool:
    """Whether one part of a pattern matches one name."""
    if name == part:
        return True
    return name.startswith(".") <= part.startswith(".") and fnmatchcase(name, part)


def _matches_path(path: str, pattern: str) -> bool:
    """Whether the pattern matches the path of a file, both relative to the project's root."""
    names, parts = path.split("/"), _glob_parts(pattern)
    reached = {0}  # parts that the names so far may have used up
    for name in names:
        reached = _after_any(reached, parts)
        reached = {
            index + (parts[index] != _ANY) for index in reached if index < len(parts) and _takes(name, parts[index])
        }
    return bool(reached & {len(parts)}) or (parts[-1:] == (_ANY,) and len(parts) - 1 in reached)


def _after_any(reached: set[int], parts: tuple[str, ...]) -> set[int]:
    """The same places and, since `**` may also match no folder, those behind it."""
    return reached | {index + 1 for index in reached if index < len(parts) and parts[index] == _ANY}


def _takes(name: str, part: str) -> bool:
    return not name.startswith(".") if part == _ANY else _matches_name(name, part)


KEYS = "*.key *.pem *.p12 *.pfx *.jks *.keystore *.kdbx *.ppk *.p8 .netrc .npmrc .pypirc .pgpass .htpasswd *.env *.tfstate *.tfvars"
"""Of files that hold keys and passwords."""

WORDS = "*credentials* *service-account* *service_account* *serviceaccount* *secrets* *dump* *backup*"
"""Of files that are called so, unless they are made to be shown (`PAGES`)."""

_DATABASES = (
    "*.sqlite *.sqlite3 *.sqlite-* *.sqlite3-* *.db-wal *.db-journal *.mdb *.rdb *.dmp *.bak "
    "*.sql.gz *.sql.bz2 *.sql.xz *.sql.zst *.sql.zip"
)
"""Of whole databases and what is dumped from them. `*.sql` is a query, unless it is large."""

_FOLDERS = "dump dumps backup backups secrets credentials .ssh .aws .gnupg"
"""Of folders all of whose files are private."""

PAGES = (
    ".html",
    ".htm",
    ".jinja",
    ".jinja2",
    ".j2",
    ".mako",
    ".md",
    ".rst",
    ".css",
    ".js",
    ".svg",
    ".png",
    ".po",
    ".mo",
)
_MAX_QUERY_BYTES = 1024 * 1024
_SNIFFED_BYTES = 64 * 1024
_PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY")
_PUBLIC = re.compile(rb"-----BEGIN (?:TRUSTED )?(?:CERTIFICATE|PUBLIC KEY|RSA PUBLIC KEY|X509 CRL|DH PARAMETERS)-----")
_SERVICE_ACCOUNT = re.compile(rb'"private_key"\s*:\s*"')
_SQLITE = b"SQLite format 3\0"  # Source: sqlite.org/fileformat.html section 1.3
_MAY_BE_PUBLIC = (".pem", ".key")


def is_environment_file(name: str) -> bool:
    """Whether this is a `.env` file by its name, `.env.local` and `.ENV` included: those never ship."""
    return name.lower().startswith(".env")


def _private_folder(name: str) -> str:
    """The pattern by which a folder's files are private; empty for an ordinary folder."""
    return _matching(name, _FOLDERS)


def _private_by_name(name: str) -> str:
    """The pattern by which a file is private; empty for an ordinary one, and for those whose content decides."""
    if re.fullmatch(r"id_\w+(\.pub)?|id_(rsa|dsa|ecdsa|ed25519).*", name.lower()):
        return "id_*"
    word = "" if name.lower().endswith(PAGES) else _matching(name, WORDS)
    return word or _matching(name, f"{KEYS} {_DATABASES}")


def _private_reason(path: Path, where: str) -> str:
    """Why the file is private; empty for an ordinary one.

    Args:
        path: The file.
        where: Its name for errors.

    Raises:
        ProjectError: It cannot be read.
    """
    name = path.name
    pattern = _private_by_name(name)
    if pattern and not name.lower().endswith(_MAY_BE_PUBLIC):
        return f"its name is like {pattern}"
    size = path.stat().st_size
    if name.lower().endswith(".sql") and size > _MAX_QUERY_BYTES:
        return f"with {size:,} bytes it is a dump rather than a query"
    head = _head(path, where)
    if _PRIVATE_KEY.search(head):
        return "it holds a private key"
    if pattern:
        return "" if _PUBLIC.search(head) else f"its name is like {pattern}, and it is not a certificate"
    if head.startswith(_SQLITE):
        return "it is a SQLite database"
    return "it holds the key of a service account" if _SERVICE_ACCOUNT.search(head) else ""


def _head(path: Path, where: str) -> bytes:
    """The file's first bytes, where it is small or may be a database; large files are not keys."""
    if path.stat().st_size <= _SNIFFED_BYTES:
        return read_file(path, where, limit_bytes=_SNIFFED_BYTES)
    with path.open("rb") as file:
        return file.read(len(_SQLITE))


def _matching(name: str, patterns: str) -> str:
    return next((pattern for pattern in patterns.split() if fnmatchcase(name.lower(), pattern)), "")


_PYTHON_ENDINGS = (".py", ".pyc", ".pyo", ".pyi", ".so", ".pyd")
_NEVER = frozenset({"__pycache__", FUNCTION_FILE, "node_modules", "py.typed"})
_ROUTE_FILES = (f"/{ROUTE_FILE}", f"/{MIDDLEWARE_FILE}")
NEVER_BUNDLED = "is never bundled: it holds the variables of one machine"
_HINT = (
    "Set variables under Environment in function.yaml or in [tool.edgeroutes.env], and keep secrets in Secrets Manager"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFiles:
    """Files of the project.

    Args:
        paths: Relative to its root, sorted.
        left_out: Those that do not ship, each with the reason.
        reasons: Why a path is among them, where it does not lie beside a module.
    """

    paths: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPath:
    """A path that a string names.

    Args:
        where: The file and line.
        is_code: Whether what it names is loaded as code by this path.
        is_from_root: Whether the string says so from the root, not from the folder of its file or one between.
        is_default: Whether a library reads it by default, where it is.
    """

    where: str
    is_code: bool = False
    is_from_root: bool = True
    is_default: bool = False


class DataFiles:
    """The data of one project.

    Args:
        folders: Of the project.
    """

    def __init__(self, folders: ProjectFolders) -> None:
        self._folders = folders
        self._beside: dict[str, FoundFiles] = {}
        self._private: dict[str, str] = {}

    def beside(self, archive_paths: Iterable[str]) -> FoundFiles:
        """The data that these modules bring."""
        found = [self._data_in(folder) for folder in sorted({path.rpartition("/")[0] for path in archive_paths} - {""})]
        return FoundFiles(
            paths=tuple(sorted({path for each in found for path in each.paths})),
            left_out={path: reason for each in found for path, reason in each.left_out.items()},
        )

    def named(self, places: Mapping[str, NamedPath]) -> FoundFiles:
        """The files that strings of the project's modules name: `config.yaml`, `data/x.json`, and all in `templates`.

        Args:
            places: By the path, relative to the project.
        """
        found: dict[str, Entry] = {}
        reasons: dict[str, str] = {}
        code: dict[str, str] = {}
        for path, place in places.items():
            entry = self._folders.entry(path) if all(map(_is_kept, path.split("/"))) else None
            if entry is None:
                code |= self._other_case(path, place.where) if place.is_from_root else {}
                continue
            inside = dict(self._inside(path, entry)) if entry.is_folder else {path: entry}
            holds_code = path.endswith(_PYTHON_ENDINGS) or (entry.is_folder and not _holds_data(path, [*inside]))
            if holds_code and not place.is_code:
                if not place.is_default:
                    code[path] = (
                        f"is left out, although {place.where} names it: it holds Python. If the function needs it, add "
                        f"'include: [{path}]' to its function.yaml"
                    )
                continue
            found |= inside
            reasons |= dict.fromkeys(inside, f"data that {place.where} names as {path!r}")
        sorted_out = self._sorted_out(found)
        return FoundFiles(paths=sorted_out.paths, left_out={**sorted_out.left_out, **code}, reasons=reasons)

    def _other_case(self, path: str, place: str) -> dict[str, str]:
        """Why a function would not find a path, from the root or beside the module, that macOS and Windows find."""
        beside = place.rpartition("/")[0]
        paths = (path, f"{beside}/{path}") if beside else (path,)
        if any(self._folders.entry(each) is not None for each in paths):
            return {}
        for each in paths:
            found = self._folders.other_case(each)
            entry = self._folders.entry(found) if found else None
            is_data = entry is not None and not found.endswith(_PYTHON_ENDINGS)
            if entry is not None and entry.is_folder:
                is_data = _holds_data(found, [*dict(self._inside(found, entry))])
            if is_data:
                return {
                    each: f"is named by {place}, and the project has {found!r}: functions tell upper from lower case"
                }
        return {}

    def included(self, entry: str, *, where: str) -> FoundFiles:
        """The files that an `include` of function.yaml names: a file, a folder, or a pattern such as `templates/**/*.html`.

        Private files are among them where the entry's last part is private itself: `keys/server.pem`, `keys/*.pem`, `backups`.

        Args:
            entry: As written.
            where: The file and key, for the error.

        Returns:
            Nothing where there is no such file.

        Raises:
            ConfigError: It leads out of the project, or names a `.env` file.
            BundleError: A link does.
        """
        if "\0" in entry or entry.startswith("/") or ".." in entry.split("/"):
            problem = f"{entry!r} leads out of the project"
            raise ConfigError(problem, where=where, hint="Name a file below the project's root")
        plain = "/".join(part for part in entry.split("/") if part not in ("", "."))
        if any(is_environment_file(name) for name in plain.split("/")):
            raise ConfigError(f"{entry!r} {NEVER_BUNDLED}", where=where, hint=_HINT)
        there = self._folders.entry(plain)
        if there is None and not _is_glob(entry):
            return FoundFiles()
        if there is not None and not there.is_folder:
            found = {plain: there}
        else:
            found = dict(self._expand("", _glob_parts(f"{plain}/") if there is not None else _glob_parts(entry)))
        for path in found:
            if any(is_environment_file(name) for name in path.split("/")) and not _sweeps(entry, path):
                raise ConfigError(f"{path!r} {NEVER_BUNDLED}", where=where, hint=_HINT)
        last = plain.rpartition("/")[2]
        return self._sorted_out(found, means_private=bool(_private_by_name(last) or _private_folder(last)), entry=plain)

    def matches_any(self, entry: str) -> bool:
        """Whether an `exclude` of function.yaml means any file or folder of the project."""
        plain = "/".join(part for part in entry.split("/") if part not in ("", "."))
        if entry.startswith("/") or ".." in entry.split("/"):
            return False
        if not _is_glob(entry):
            return self._folders.entry(plain) is not None or "." in plain
        return next(iter(self._expand("", _glob_parts(entry))), None) is not None

    def _data_in(self, folder: str) -> FoundFiles:
        found = self._beside.get(folder)
        if found is None:
            found = self._beside[folder] = self._sorted_out(dict(self._list(folder)))
        return found

    def _list(self, folder: str) -> Iterator[tuple[str, Entry]]:
        for name, entry in self._folders.entries(folder).items():
            path = f"{folder}/{name}"
            if not _is_data(name):
                continue
            if not entry.is_folder:
                yield path, entry
                continue
            inside = self._inside(path, entry)
            if _holds_data(path, [each for each, _ in inside]):
                yield from inside

    def _inside(self, folder: str, entry: Entry) -> list[tuple[str, Entry]]:
        """The files in a folder that may be data."""
        if entry.is_link:
            self._folders.require_inside(folder)
        return [each for each in self._folders.files_below(folder, _is_kept) if _may_be_data(each[0])]

    def _sorted_out(self, found: Mapping[str, Entry], *, means_private: bool = False, entry: str = "") -> FoundFiles:
        """What of this ships, and why the rest does not."""
        paths: list[str] = []
        left_out: dict[str, str] = {}
        for path, each in found.items():
            name = path.rpartition("/")[2]
            if is_environment_file(name):
                left_out[path] = f"{NEVER_BUNDLED}. {_HINT}"
            elif not each.is_file and path != entry:
                left_out[path] = "is left out: it is not a regular file, or a link that leads nowhere"
            elif not means_private and (reason := self._private_reason(path, each)) and path != entry:
                left_out[path] = (
                    f"is left out: {reason}. If a function needs it, name it in 'include' of its function.yaml"
                )
            else:
                paths.append(path)
        return FoundFiles(paths=tuple(sorted(paths)), left_out=left_out)

    def _private_reason(self, path: str, entry: Entry) -> str:
        if path.endswith(_PYTHON_ENDINGS) or not entry.is_file:
            return ""
        known = self._private.get(path)
        if known is None:
            folder = next((name for name in path.split("/")[:-1] if _private_folder(name)), "")
            reason = f"its folder is called {folder}" if folder else _private_reason(self._folders.root / path, path)
            known = self._private[path] = reason
        return known

    def _expand(self, folder: str, parts: tuple[str, ...]) -> Iterator[tuple[str, Entry]]:
        """What is not a folder and matches a pattern's parts below a folder."""
        waiting: list[tuple[str, int, tuple[str, ...]]] = [(folder, 0, (self._folders.real(folder),))]
        seen = set()
        while waiting:
            folder, index, above = waiting.pop()
            if (folder, index) in seen or index == len(parts):
                continue
            seen.add((folder, index))
            part, is_last = parts[index], index == len(parts) - 1
            if part == _ANY and not is_last:
                waiting.append((folder, index + 1, above))
            for name, entry in self._folders.entries(folder).items():
                path = f"{folder}/{name}" if folder else name
                if not _fits(name, part):
                    continue
                if not entry.is_folder:
                    if is_last:
                        yield path, entry
                    continue
                if entry.is_link:
                    self._folders.require_inside(path)
                real = self._folders.real(path)
                if real not in above:
                    waiting.append((path, index if part == _ANY else index + 1, (*above, real)))


def matches(archive_path: str, entry: str) -> bool:
    """Whether an `exclude` of function.yaml means this file: its path, a folder above it, a pattern, or its dotted module.

    A pattern without a slash is one for any name on the path: `*.md`, `tests`.
    """
    dotted = archive_path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    folder = f"{entry.rstrip('/')}/"
    if archive_path == entry or archive_path.startswith(folder) or dotted == entry or dotted.startswith(f"{entry}."):
        return True
    if not _is_glob(entry):
        return False
    if "/" not in entry.rstrip("/"):
        return any(_matches_name(name, entry.rstrip("/")) for name in archive_path.split("/"))
    above = [str(each) for each in PurePosixPath(archive_path).parents][:-1]
    return any(_matches_path(path, entry) for path in (archive_path, *above))


def _fits(name: str, part: str) -> bool:
    """Whether a part of a pattern takes a name; `**` and `*` match `.env` files, too, so that they can be reported."""
    if is_environment_file(name):
        return part in (_ANY, "*") or _matches_name(name, part)
    if part == _ANY:
        return _is_kept(name)
    return _matches_name(name, part) and (_is_kept(name) or name.startswith("."))


def case_collisions(paths: Iterable[str]) -> list[str]:
    """Files and folders of which a file system that does not tell upper from lower case has only one, as warnings."""
    names: dict[str, set[str]] = {}
    for path in paths:
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            names.setdefault("/".join(parts[:depth]).casefold(), set()).add("/".join(parts[:depth]))
    several = {folded: found for folded, found in names.items() if len(found) > 1}
    outermost = (found for folded, found in several.items() if folded.rpartition("/")[0] not in several)
    return [
        f"{' and '.join(sorted(found))} differ only in upper and lower case: a checkout on macOS or Windows has one of them. Rename one."
        for found in outermost
    ]


def _sweeps(entry: str, path: str) -> bool:
    """Whether an entry only happens to meet a `.env` file, as a folder or `*` does."""
    name = next(name for name in path.split("/") if is_environment_file(name))
    return not any(_matches_name(name, part) for part in entry.split("/"))


def _is_kept(name: str) -> bool:
    return not name.startswith(".") and name not in _NEVER and not name.endswith((".dist-info", ".egg-info", ".pyc"))


def _may_be_data(path: str) -> bool:
    return path.endswith(".py") or not path.endswith(_PYTHON_ENDINGS)


def _holds_data(folder: str, paths: Sequence[str]) -> bool:
    """Whether a folder is one of data, some of which may be Python (templates of projects, migrations), and not one of modules."""
    sources = [path for path in paths if path.endswith(".py")]
    is_code = f"{folder}/__init__.py" in sources or any(path.endswith(_ROUTE_FILES) for path in sources)
    return not is_code and 2 * len(sources) <= len(paths)


def _is_data(name: str) -> bool:
    return _is_kept(name) and not name.endswith(_PYTHON_ENDINGS)
