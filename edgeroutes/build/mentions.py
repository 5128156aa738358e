"""Where code mentions a distribution without requiring it: optional imports, names in strings, groups of entry points, extras.

A library is scanned for the names of the declared distributions alone, each file is parsed only where its bytes hold one of them, and the
first mention is enough.
"""

from __future__ import annotations

import ast
import configparser
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edgeroutes.build.distributions import import_names
from edgeroutes.build.graph import LibraryImports
from edgeroutes.build.imports import NEVER_RUN, OWN_NAMES, ImportKind, parse_imports
from edgeroutes.build.modules import OWN_PACKAGE, Form, Module, Origin, normalize_name
from edgeroutes.build.syntax import parse_source, read_uses
from edgeroutes.build.texts import TextPlace, called_name, imports_by_variable, is_importing, read_texts
from edgeroutes.errors import ImportRaisedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from edgeroutes.build.distributions import InstalledDistribution
    from edgeroutes.build.imports import ImportSite
    from edgeroutes.build.texts import Text


# Distributions that modules of the standard library read. Lambda's images from python3.12 on have no time zone database.
_STANDS_BEHIND = {"tzdata": ("zoneinfo",)}
# Top-level folders that distributions ship by mistake, and that say nothing about them.
_ACCIDENTAL = frozenset({"docs", "examples", "scripts", "test", "tests"})
# Groups that installers and test runners read, never a function.
_TOOL_GROUPS = re.compile(
    r"console_scripts|gui_scripts|pytest11|distutils\..*|setuptools\..*|flake8\..*|mypy.*|pylint.*"
)
# Distributions that check, test, build or run a project on a developer's machine; to declare one means nothing for a function.
_TOOLS = re.compile(
    r"awscli|aws-sam-cli|bandit|black|build|bumpversion|cfn-lint|commitizen|coverage|debugpy|deptry|edgeroutes|factory-boy|faker|flake8|"
    r"flake8-.*|freezegun|hatch|hatchling|hypothesis|import-linter|invoke|ipdb|ipython|isort|jupyter|jupyterlab|mkdocs|mkdocs-.*|moto|"
    r"mypy|mypy-.*|nox|notebook|pip|pip-audit|pip-tools|pipenv|pluggy|poetry|poetry-.*|pre-commit|pylint|pylint-.*|pyright|pytest|"
    r"pytest-.*|responses|respx|ruff|setuptools|setuptools-.*|sphinx|sphinx-.*|syrupy|tox|tox-.*|twine|types-.*|.*-stubs|uv|"
    r"vulture|watchdog|wheel"
)


# Last parts of host names: `langchain.com` is not a module, unless the distribution has it: `pandas.io`.
_DOMAINS = re.compile(
    r"(?:ai|app|biz|br|cloud|cn|co|com|de|dev|edu|eu|fr|gov|info|io|jp|me|net|nl|org|ru|sh|site|so|tech|uk|us|xyz)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a distribution is called in code.

    Args:
        name: Normalized.
        import_names: The shortest dotted names with code behind them: `PIL`, `google.cloud.storage`.
        groups: Of its entry points, without those that only tools read.
        domain_like: Its modules that read like a host name: `pandas.io`.
    """

    name: str
    import_names: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    domain_like: tuple[str, ...] = ()

    def has(self, dotted: str) -> bool:
        """Whether a dotted name is one of its modules, or in one, and not a host name such as `langchain.com`."""
        is_host = "." in dotted and _DOMAINS.fullmatch(dotted.rpartition(".")[2]) and dotted not in self.domain_like
        return not is_host and any(dotted == name or dotted.startswith(f"{name}.") for name in self.import_names)


def make_identity(name: str, files: Iterable[str], entry_points: str, known: Iterable[str] = ()) -> Identity:
    """A distribution's identity.

    Args:
        name: Normalized.
        files: Its paths below site-packages; empty where they are not known.
        entry_points: The text of its entry_points.txt.
        known: Import names that are known otherwise: of a distribution that is a folder.
    """
    found = {*import_names(tuple(files)), *known}
    names = {each for each in found if each not in _ACCIDENTAL} or found or {name.replace("-", "_")}
    return Identity(
        name=name,
        import_names=(*sorted(names), *_STANDS_BEHIND.get(name, ())),
        groups=entry_point_groups(entry_points),
        domain_like=tuple(
            sorted({each for path in files if _DOMAINS.fullmatch((each := _dotted(path)).rpartition(".")[2])})
        ),
    )


def _dotted(path: str) -> str:
    """The module of a file, or the package that a file lies in."""
    module, _, ending = path.partition(".")
    return (module if ending == "py" else path.rpartition("/")[0]).removesuffix("/__init__").replace("/", ".")


def entry_point_groups(text: str) -> tuple[str, ...]:
    """The groups in an entry_points.txt that a function may read. Source: PyPA, "Entry points specification"."""
    parser = configparser.ConfigParser(delimiters=("=",), strict=False, interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error:
        return ()
    return tuple(sorted(group for group in parser.sections() if not _TOOL_GROUPS.fullmatch(group)))


def is_tool_group(group: str) -> bool:
    """Whether only installers and test runners read a group of entry points."""
    return bool(_TOOL_GROUPS.fullmatch(group))


def is_tool(name: str) -> bool:
    """Whether the distribution is a developer's tool, which a function has only if it imports it."""
    return bool(_TOOLS.fullmatch(name))


_MENTIONS_US = re.compile(rb"^\s*(?:from|import)\s+edgeroutes\b", re.MULTILINE)


def own_users(files: Iterable[str], locate: Callable[[str], Path], distribution: str) -> tuple[LibraryImports, ...]:
    """Those of a distribution's files that import edgeroutes.

    Args:
        files: Their paths in a bundle.
        locate: Gives the place of a file.
        distribution: Its normalized name.
    """
    found = []
    for path in files:
        if not path.endswith(".py"):
            continue
        try:
            file = locate(path)
            source = file.read_bytes()
            if OWN_PACKAGE.encode() in source and _MENTIONS_US.search(source):
                found.append(_read(file, path, source, distribution))
        except (OSError, ImportRaisedError):  # gone, or a template: it imports nothing
            continue
    return tuple(found)


def _read(file: Path, path: str, source: bytes, distribution: str) -> LibraryImports:
    module = Module(
        name=path.removesuffix("/__init__.py").removesuffix(".py").replace("/", "."),
        origin=Origin.DISTRIBUTION,
        form=Form.PACKAGE if path.endswith("/__init__.py") else Form.SOURCE,
        path=file,
        archive_path=path,
        distribution=distribution,
    )
    sites = tuple(
        site
        for site in parse_imports(source, where=path).sites
        if not site.level and site.module.partition(".")[0] == OWN_PACKAGE
    )
    uses = tuple(read_uses(parse_source(source, where=path), OWN_NAMES).items())
    return LibraryImports(module=module, sites=sites, uses=uses)


class OwnUsers:
    """Those of the installed distributions, each looked at once.

    Args:
        installed: What is installed.
    """

    def __init__(self, installed: Sequence[InstalledDistribution]) -> None:
        self._installed = {each.name: each for each in installed if each.name != OWN_PACKAGE}
        self._known: dict[str, tuple[LibraryImports, ...]] = {}

    def of(self, names: Iterable[str]) -> tuple[LibraryImports, ...]:
        """The files of these distributions, and of what they require without a marker, that import edgeroutes."""
        queue = [*names]
        seen: dict[str, None] = {}
        while queue:
            name = queue.pop()
            if name not in seen and name in self._installed:
                seen[name] = None
                queue += self._installed[name].required_names
        return tuple(each for name in sorted(seen) for each in self._of(name))

    def _of(self, name: str) -> tuple[LibraryImports, ...]:
        if name not in self._known:
            each = self._installed[name]
            self._known[name] = own_users(each.record, each.metadata.parent.joinpath, name)
        return self._known[name]


# Files that only tests, type checkers and command lines load.
_NOT_RUN = re.compile(
    r"(?:.*/)?(?:tests?|testing|_pytest|benchmarks?|examples)/.*|(?:.*/)?(?:test_.*|conftest|testclient|pytest_plugin|_?hypothesis_plugin|mypy|"
    r"__main__|setup)\.py"
)
# Adapters for other libraries, each loaded by whoever uses that library (sentry_sdk/integrations).
_ADAPTER = re.compile(r"(?:.*/)?(?:integrations|instrumentation)/(\w*[^\W_]\w*)(?:\.py|/.*)")
# A word and the module that it selects, with or without a class.
_TABLE_ROW = re.compile(
    rb"""["']([A-Za-z][\w.-]*)["']\s*[:,]\s*(?:\{\s*["']class["']\s*:\s*)?["']([A-Za-z_]\w*(?:\.\w+)+)(?::\w+)?["']"""
)
# What a module is chosen by: `SCHEMES = ("ssh", "sftp")`, or `protocol = "sftp", "ssh"` in a class.
_OWN_WORDS = re.compile(
    rb"""^[ ]*_?(?:scheme|protocol|alias|dialect|engine|backend|driver|format_name|transport)(?:e?s)?"""
    rb"""[ ]*(?::[^=\n]*)?=[ ]*([^\n]*["'][^\n]*)$""",
    re.IGNORECASE | re.MULTILINE,
)
_QUOTED_WORD = re.compile(rb"""["']([A-Za-z][\w.-]*)["']""")
_READS = "reads the entry points"
# Extras that are for the library's own developers.
_DEVELOPERS_EXTRA = re.compile(
    r"(?:.*[-_])?(?:dev|develop|development|test|tests|testing|doc|docs|lint|typing|types|mypy|ci|qa|check|benchmark|cover|build|release)"
    r"(?:[-_].*)?"
)
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PREFIX = re.compile(r"[A-Za-z0-9]{5,}[._-]")
"""The first word of a group, which a library may complete: `opentelemetry_`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One place that mentions a distribution.

    Args:
        file: With slashes, below the library's or the project's folder; empty for metadata.
        line: 1-based; 0 for what has none.
        how: `imports lxml (optional)`, `names lxml in a string`; what `why` shows behind the place.
        adapters: Where nothing else mentions it, the names of the adapters that do.
    """

    file: str
    line: int
    how: str
    adapters: tuple[str, ...] = ()

    @property
    def is_plugin(self) -> bool:
        """Whether the place reads a group in which the distribution has entry points."""
        return self.how.startswith(_READS)


def find_mentions(
    files: Iterable[str], locate: Callable[[str], Path], wanted: Iterable[Identity]
) -> dict[str, Mention]:
    """Distribution → the first place in these files that mentions it, outside adapters where there is one.

    Args:
        files: Their paths in a bundle.
        locate: Gives the place of a file.
        wanted: The distributions to look for.
    """
    seekers = [_Seeker(identity) for identity in wanted]
    found: dict[str, Mention] = {}
    for path in sorted(files, key=lambda path: _adapter(path) != ""):
        if _NOT_RUN.fullmatch(path) or not path.endswith((".py", ".so")):
            continue
        left = [seeker for seeker in seekers if _is_sought(found.get(seeker.identity.name), path)]
        if not left:
            break
        try:
            data = locate(path).read_bytes()
        except OSError:
            continue
        likely = [seeker for seeker in left if seeker.may_be_in(data)]
        if path.endswith(".so"):
            found.update(
                (seeker.identity.name, Mention(file=path, line=0, how=f"names {name} (compiled)"))
                for seeker in likely
                if (name := seeker.compiled_name(data))
            )
        elif likely:
            for name, mention in _in_source(path, data, likely):
                found[name] = _joined(found.get(name), mention)
    return found


def read_selectors(files: Iterable[str], locate: Callable[[str], Path]) -> dict[str, list[str]]:
    """File → the words that select it, in a library's tables or in itself.

    A table is a dict, `{"db": "celery.backends.database:DatabaseBackend"}`, or the arguments of a call,
    `register_backend("dogpile.cache.redis", "dogpile.cache.backends.redis", …)`.
    """
    sources = [path for path in files if path.endswith(".py") and not _NOT_RUN.fullmatch(path)]
    by_module = {path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in sources}
    found: dict[str, set[str]] = {}
    for path in sources:
        try:
            data = locate(path).read_bytes()
        except OSError:
            continue
        for word, dotted in _table_rows(path, data):
            name = dotted if dotted in by_module else dotted.rpartition(".")[0]
            if name in by_module:
                found.setdefault(by_module[name], set()).add(word.lower())
        own = {word.decode().lower() for line in _OWN_WORDS.findall(data) for word in _QUOTED_WORD.findall(line)}
        if own:
            found.setdefault(path, set()).update(own)
    return {path: sorted(words) for path, words in found.items()}


def read_users(files: Iterable[str], locate: Callable[[str], Path], identity: Identity) -> list[str]:
    """The public functions and methods of a library that import a distribution, or call a private function that does."""
    seeker = _Seeker(identity)
    found: set[str] = set()
    for path in files:
        if not path.endswith(".py") or _NOT_RUN.fullmatch(path):
            continue
        try:
            data = locate(path).read_bytes()
            if seeker.may_be_in(data) and seeker.is_likely_in(data):
                found.update(_users_in(parse_source(data, where=path), identity))
        except (OSError, ImportRaisedError):  # not there, a template, or another version's syntax
            continue
    return sorted(found)


def _users_in(tree: ast.Module, identity: Identity) -> Iterator[str]:
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    users = {node.name for node in functions if any(_brings_in(each, identity) for each in ast.walk(node))}
    calls_users = (node.name for node in functions if not users.isdisjoint(map(_last_name, ast.walk(node))))
    yield from (name.lower() for name in (*users, *calls_users) if not name.startswith("_"))


def _brings_in(node: ast.AST, identity: Identity) -> bool:
    """Whether a statement imports a distribution, or a call of an importing function names it."""
    if isinstance(node, ast.Import):
        return any(identity.has(alias.name) for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        return not node.level and identity.has(node.module or "")
    texts = [each.value for each in node.args if isinstance(each, ast.Constant)] if isinstance(node, ast.Call) else []
    return isinstance(node, ast.Call) and is_importing(called_name(node)) and any(map(identity.has, map(str, texts)))


def _last_name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else str(getattr(node, "attr", ""))


def _table_rows(path: str, data: bytes) -> Iterator[tuple[str, str]]:
    top = path.partition("/")[0].encode()
    for row in _TABLE_ROW.finditer(data) if top + b"." in data else ():
        if row[2].startswith(top + b"."):
            yield row[1].decode(), row[2].decode()


def _adapter(path: str) -> str:
    """The name of the adapter of which a file is a part; empty for none."""
    match = _ADAPTER.fullmatch(path)
    return match[1].strip("_") if match else ""


def _is_sought(known: Mention | None, path: str) -> bool:
    """Whether a file may say more of a distribution: all adapters that mention it count."""
    return known is None or (known.adapters != () and _adapter(path) not in {"", *known.adapters})


def _joined(known: Mention | None, mention: Mention) -> Mention:
    """A mention in one more file; one that reads entry points is not an adapter's, because it loads whatever is there."""
    adapter = _adapter(mention.file)
    if not adapter or mention.how.startswith(_READS):
        return mention
    return replace(known or mention, adapters=(*(known.adapters if known else ()), adapter))


def imports_of(
    identity: Identity, sites: Iterable[ImportSite], *, skips: frozenset[ImportKind]
) -> Iterator[ImportSite]:
    """The imports of a distribution among these."""
    for site in sites:
        if site.level or site.kind in skips:
            continue
        dotted = (site.module, *(f"{site.module}.{name}" for name in site.names))
        if any(identity.has(name) for name in dotted):
            yield site


def naming_texts(identity: Identity, texts: Iterable[Text]) -> Iterator[tuple[Text, str]]:
    """The string literals that name a distribution's module or a group of its entry points, each with what `why` shows."""
    for text in texts:
        if text.text in identity.groups:
            yield text, f"{_READS} {text.text!r}, of which {identity.name} has some"
        elif identity.has(text.dotted):
            yield text, f"names {text.text!r} in a string"
        elif text.place is TextPlace.IMPORTED and normalize_name(text.text) == identity.name:
            yield text, f"names the distribution {text.text!r} in a string"


def extras_that_bring(
    library: str, requires: Iterable[str], requires_of: Callable[[str], Iterable[str]] = lambda _: ()
) -> dict[str, list[str]]:
    """Distribution → the extras for which a library requires it; extras for the library's developers are left out.

    An extra may consist of others, its own or another distribution's: `pandas[pyarrow]; extra == "parquet"`,
    `kombu[sqlalchemy]; extra == "sqlalchemy"` of celery.

    Args:
        library: Normalized.
        requires: What it requires.
        requires_of: What another distribution requires.
    """
    found: dict[str, list[str]] = {}
    parts: list[tuple[str, str]] = []
    for line in requires:
        extra, name = _EXTRA.search(line), _NAME.match(line)
        if not (extra and name) or _DEVELOPERS_EXTRA.fullmatch(extra[1].lower()):
            continue
        normal = normalize_name(name[0])
        inner = [part.strip() for part in line.partition(";")[0].partition("[")[2].partition("]")[0].split(",")]
        if normal == library:
            parts += [(part, extra[1]) for part in inner]
            continue
        found.setdefault(normal, []).append(extra[1])
        for each, extras in extras_that_bring(normal, requires_of(normal) if any(inner) else ()).items():
            if not set(inner).isdisjoint(extras):
                found.setdefault(each, []).append(extra[1])
    for extras in found.values():
        extras += [whole for part, whole in parts if part in extras and whole not in extras]
    return found


class _Seeker:
    """Looks for the names of one distribution in bytes."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self._quick = [[part.encode() for part in name.split(".")] for name in identity.import_names]
        self._groups = [group.encode() for group in identity.groups]
        prefixes = {found[0] for group in identity.groups if (found := _PREFIX.match(group))}
        self._group_prefixes = [
            re.compile(rf"""["']{re.escape(prefix)}(?:\{{|["']\s*[+%]|%s)""".encode()) for prefix in prefixes
        ]
        tops = "|".join(re.escape(name.partition(".")[0]) for name in identity.import_names)
        # An import, or a string that begins with the name: docstrings and attributes of that name are far more.
        text = rf"""^[ \t]*(?:from|import)[ \t][^\n]*\b(?:{tops})\b|["'](?:{tops})["'.:]"""
        self._pattern = re.compile(text.encode(), re.MULTILINE) if tops else None

    def may_be_in(self, data: bytes) -> bool:
        if any(group in data for group in self._groups) or any(each.search(data) for each in self._group_prefixes):
            return True
        return any(all(part in data for part in parts) for parts in self._quick)

    def is_likely_in(self, source: bytes) -> bool:
        if any(group in source for group in self._groups) or any(each.search(source) for each in self._group_prefixes):
            return True
        return self._pattern is not None and self._pattern.search(source) is not None

    def compiled_name(self, data: bytes) -> str:
        """The import name that stands in a compiled module as a string of its own; empty for none."""
        names = (name for name in self.identity.import_names if len(name) > 3)
        return next((name for name in names if re.search(rb"\0" + re.escape(name.encode()) + rb"\0", data)), "")


def _in_source(path: str, source: bytes, seekers: Sequence[_Seeker]) -> Iterator[tuple[str, Mention]]:
    likely = [seeker.identity for seeker in seekers if seeker.is_likely_in(source)]
    if not likely:
        return
    try:
        sites = parse_imports(source, where=path).sites
        tree = parse_source(source, where=path)
    except ImportRaisedError:  # a template, or another version's syntax
        return
    by_variable = imports_by_variable(tree)
    texts = [text for text in read_texts(tree) if _may_name(text, by_variable=by_variable)]
    for identity in likely:
        mention = _first(identity, path, sites, texts) or _group_text(identity, path, tree)
        if mention is not None:
            yield identity.name, mention


def _may_name(text: Text, *, by_variable: bool) -> bool:
    """Whether a library's text may name a module: a word only where it is imported, for words such as 'redis' have many meanings."""
    if text.place is TextPlace.KEY:
        return False
    return "." in text.dotted or text.place is TextPlace.IMPORTED or (by_variable and text.place is TextPlace.LISTED)


def _first(identity: Identity, path: str, sites: Iterable[ImportSite], texts: Iterable[Text]) -> Mention | None:
    site = next(imports_of(identity, sites, skips=NEVER_RUN), None)
    if site is not None:
        kind = "" if site.kind is ImportKind.MODULE else f" ({site.kind})"
        return Mention(file=path, line=site.line, how=f"imports {site.module}{kind}")
    text, how = next(naming_texts(identity, texts), (None, ""))
    return None if text is None else Mention(file=path, line=text.line, how=how)


def _group_text(identity: Identity, path: str, tree: ast.Module) -> Mention | None:
    """A group whose name does not read like a module (`flask-commands`), or is put together (`f"opentelemetry_{name}"`)."""
    for node in ast.walk(tree) if identity.groups else ():
        text = node.value if isinstance(node, ast.Constant) else _beginning(node)
        group = next(
            (each for each in identity.groups if each == text or (text and _is_beginning(text, each, node))), ""
        )
        if group:
            how = f"{_READS} {group!r}, of which {identity.name} has some"
            return Mention(file=path, line=getattr(node, "lineno", 0), how=how)
    return None


def _beginning(node: ast.AST) -> object:
    """The literal that a put-together text begins with."""
    first = node.values[0] if isinstance(node, ast.JoinedStr) and node.values else getattr(node, "left", None)
    return first.value if isinstance(first, ast.Constant) else None


def _is_beginning(text: object, group: str, node: ast.AST) -> bool:
    whole = isinstance(node, ast.Constant) or not isinstance(text, str)
    return not whole and (found := _PREFIX.match(group)) is not None and str(text).removesuffix("%s") == found[0]
