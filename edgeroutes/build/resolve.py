"""What a module's name stands for: a file and who brings it, the standard library, or nothing.

Follows Python's own rules (PEP 328, PEP 420) on file names alone. Relative imports go by directory, since route folders
have names that no dotted name can have (`[id]`, `rss.xml`).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgeroutes.build.distributions import DistributionIndex, declared_entry_points, installed_distributions
from edgeroutes.build.modules import OWN_PACKAGE, Directories, Form, Module, Origin, SearchPath, normalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMESPACE_MARKS = (b"extend_path", b"declare_namespace")
# Found inside the interpreter before any directory is looked at.
_BUILTIN_NAMES = frozenset(sys.builtin_module_names)


@dataclass(frozen=True, slots=True)
class _Root:
    """A directory of the search path; with `prefix`, the place of one module that an import hook leads to."""

    directory: Path
    origin: Origin
    index: DistributionIndex | None = None
    distribution: str = ""
    prefix: str = ""

    @property
    def path(self) -> str:
        return self.directory.as_posix()

    def archive_path(self, path: str) -> str:
        """Where a file of this root is in a bundle."""
        below = path[len(self.path) :]
        return f"{self.prefix}{below}" if self.prefix else below.removeprefix("/")


_Portions = tuple[tuple[str, _Root], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What importing one name loads.

    Args:
        modules: All that is loaded, outermost package first; the last one is the module itself, if it is there.
        missing: The first part of the name that is not there; empty when all is.
        portions: Where submodules of the last module are looked for; internal to the resolver.
    """

    modules: tuple[Module, ...] = ()
    missing: str = ""
    portions: _Portions = ()

    @property
    def directories(self) -> tuple[str, ...]:
        """Where submodules of the last module are looked for."""
        return tuple(directory for directory, _ in self.portions)


class Resolver:
    """Resolves modules on one search path; caches results until `refresh`.

    Args:
        search_path: Where to look.
    """

    def __init__(self, search_path: SearchPath) -> None:
        self.search_path = search_path
        self.directories = Directories()
        self._known: dict[str, Resolution] = {}
        self._modules: dict[str, Module] = {}
        self._indexes = {path: DistributionIndex(path) for path in search_path.site_packages}
        self._roots = self._search_roots()
        self._hooked = self._hooked_modules()
        self._own = _Root(search_path.edgeroutes_root, Origin.EDGEROUTES)

    def refresh(self) -> bool:
        """Look at the directories again; True if an earlier result may be outdated."""
        if not self.directories.refresh():
            return False
        self._known.clear()
        self._modules.clear()
        for path, index in self._indexes.items():
            if not index.is_current():
                self._indexes[path] = DistributionIndex(path)
        self._roots = self._search_roots()
        self._hooked = self._hooked_modules()
        return True

    def archive_path(self, file: Path) -> str:
        """Where a file of the project is in a bundle: `src/shop/a.py` at `shop/a.py`, where an editable install adds `src` to the path."""
        hooked = (root for roots, _ in self._hooked.values() for root in roots)
        inside = [
            root
            for root in (*(root for _, root in self._roots), *hooked)
            if root.origin is Origin.PROJECT and file.is_relative_to(root.directory)
        ]
        return max(inside, key=lambda root: len(root.path)).archive_path(file.as_posix())

    def own_entry_points(self) -> Iterator[tuple[str, str]]:
        """Group and value of the entry points of the project and of editable installs."""
        for index in self._indexes.values():
            yield from ((point.group, point.value) for point in index.editable_entry_points)
        yield from declared_entry_points(self.search_path.project_root)

    def is_search_root(self, directory: Path) -> bool:
        """Whether top-level modules are looked for in this directory."""
        return any(root.directory == directory for _, root in self._roots)

    def entry(self, path: Path) -> Module:
        """The module that a file of the project or of edgeroutes is."""
        own = Path(self._own.path, OWN_PACKAGE)
        root = self._own if path.is_relative_to(own) else self._project_root_of(path)
        form = Form.PACKAGE if path.name == "__init__.py" else Form.SOURCE
        form = form if path.suffix == ".py" else Form.EXTENSION
        return self._module("", form, path.as_posix(), root)

    def _project_root_of(self, path: Path) -> _Root:
        """The root of the search path that a file of the project lies below: the deepest, for `src/` lies in the project."""
        inside = [
            root for _, root in self._roots if root.origin is Origin.PROJECT and path.is_relative_to(root.directory)
        ]
        return max(inside, key=lambda root: len(root.path), default=self._roots[0][1])

    def resolve(self, name: str) -> Resolution:
        """What `import name` loads; `name` is absolute and dotted."""
        found = self._known.get(name)
        if found is None:
            parent, _, last = name.rpartition(".")
            found = self._known[name] = (
                self._resolve_inner(self.resolve(parent), name, last) if parent else self._resolve_top(name)
            )
        return found

    def resolve_relative(self, importer: Module, level: int, module: str) -> Resolution:
        """What `from ..module import …` loads, with `level` dots, in the importer's file."""
        root = self._root_of(importer)
        if level > importer.archive_path.count("/") + 1:
            return Resolution(missing="." * level + module)
        directory = importer.file.as_posix().rsplit("/", level)[0]
        found = self._package_at(directory, root)
        for part in module.split(".") if module else ():
            found = self._resolve_inner(found, "", part)
        if not found.missing:
            return found
        if importer.origin is Origin.DISTRIBUTION:  # which may be one part of a namespace package
            elsewhere = self.resolve(".".join(filter(None, (_dotted(root.archive_path(directory)), module))))
            if not elsewhere.missing:
                return elsewhere
        return Resolution(modules=found.modules, missing="." * level + module)

    def submodule(self, package: Resolution, name: str) -> Module | None:
        """The module or package of that name in the package; None where it has none."""
        found = self._find(package.portions, "", name)
        return found.modules[-1] if found is not None else None

    def siblings(self, package: Resolution) -> set[str]:
        """The names of all modules in the package's directories."""
        return {name for directory, _ in package.portions for name in self._module_names(directory)}

    def unreadable_editable(self, name: str) -> str:
        """The editable install that may have a missing top-level module, behind an import hook of an unknown kind; empty for none."""
        installed = installed_distributions(tuple(self._indexes))
        hidden = [each.name for each in installed if each.is_local and not each.editable.is_complete]
        return next((each for each in hidden if each == normalize_name(name)), hidden[0] if len(hidden) == 1 else "")

    def top_level_names(self) -> set[str]:
        """The names of all top-level modules on the search path."""
        names = {name for directory, _ in self._roots for name in self._module_names(directory)}
        return names | {name for name in self._hooked if "." not in name}

    def _search_roots(self) -> _Portions:
        """The search path in Python's order; an editable install from inside the project is the project's own."""
        project_root = self.search_path.project_root
        roots = [_Root(project_root, Origin.PROJECT)]
        for site_packages, index in self._indexes.items():
            roots.append(_Root(site_packages, Origin.DISTRIBUTION, index))
            for directory, distribution in index.editable_roots:
                if directory != project_root:
                    roots.append(_Root(directory, self._origin(directory), distribution=distribution))
        return tuple((root.path, root) for root in roots)

    def _origin(self, place: Path) -> Origin:
        """Whose the modules in a place that an install adds are: an editable install from inside the project is the project's own."""
        is_inside = place.is_relative_to(self.search_path.project_root)
        is_installed = any(place.is_relative_to(each) for each in self.search_path.site_packages)
        return Origin.PROJECT if is_inside and not is_installed else Origin.DISTRIBUTION

    def _hooked_modules(self) -> dict[str, tuple[tuple[_Root, ...], bool]]:
        """The places of modules that import hooks and stubs lead to, by dotted name, and whether they come before the search path."""
        found: dict[str, tuple[tuple[_Root, ...], bool]] = {}
        for index in self._indexes.values():
            for name, each in index.editable_modules.items():
                roots = tuple(
                    _Root(
                        place,
                        self._origin(place),
                        distribution=each.distribution,
                        prefix=name.replace(".", "/") + ("" if place.is_dir() else place.suffix),
                    )
                    for place in each.places
                )
                found.setdefault(name, (roots, each.is_first))
        return found

    def _find_hooked(self, name: str, *, first: bool) -> Resolution | None:
        """The module that an import hook leads to by its dotted name."""
        roots, is_first = self._hooked.get(name, ((), False))
        if name not in self._hooked or is_first is not first:
            return None
        if not roots:
            module = Module(name=name, origin=Origin.DISTRIBUTION, form=Form.NAMESPACE)
            return Resolution(modules=(module,))
        root = roots[0]
        if not root.directory.is_dir():
            form = Form.SOURCE if root.path.endswith(".py") else Form.EXTENSION
            return Resolution(modules=(self._module(name, form, root.path, root),))
        portions = tuple((each.path, each) for each in roots)
        init = self.directories.listing(root.path).module_file("__init__")
        if not init:
            return Resolution(modules=(self._module(name, Form.NAMESPACE, root.path, root),), portions=portions)
        form = Form.PACKAGE if init.endswith(".py") else Form.EXTENSION
        return Resolution(modules=(self._module(name, form, f"{root.path}/{init}", root),), portions=portions[:1])

    def _resolve_top(self, name: str) -> Resolution:
        stdlib = Resolution(modules=(Module(name=name, origin=Origin.STDLIB),))
        if name in _BUILTIN_NAMES:
            return stdlib
        roots = ((self._own.path, self._own),) if name == OWN_PACKAGE else self._roots
        found = self._find_hooked(name, first=True) or self._find(roots, name, name)
        found = found or self._find_hooked(name, first=False)
        if name in sys.stdlib_module_names and not (found and _shadows_stdlib(found.modules[-1])):
            return stdlib
        return found or Resolution(missing=name)

    def _resolve_inner(self, parent: Resolution, name: str, last: str) -> Resolution:
        if parent.missing:
            return parent
        found = self._find(parent.portions, name, last) or (self._find_hooked(name, first=False) if name else None)
        if found is not None:
            return Resolution(modules=parent.modules + found.modules, portions=found.portions)
        holder = parent.modules[-1] if parent.modules else None
        if holder is not None and holder.origin is Origin.STDLIB:
            return Resolution(
                modules=(*parent.modules[:-1], Module(name=f"{holder.name}.{last}", origin=Origin.STDLIB))
            )
        if holder is not None and _may_make_modules(holder):
            return parent
        return Resolution(modules=parent.modules, missing=name or last)

    def _find(self, portions: _Portions, name: str, last: str) -> Resolution | None:
        """The module `last` in these directories: the first regular one, else the namespace package that they make."""
        spaces: list[tuple[str, _Root]] = []
        for position, (directory, root) in enumerate(portions):
            listing = self.directories.listing(directory)
            inside = f"{directory}/{last}"
            if last in listing.directories:
                init = self.directories.listing(inside).module_file("__init__")
                if init:
                    form = Form.PACKAGE if init.endswith(".py") else Form.EXTENSION
                    found = self._module(name, form, f"{inside}/{init}", root)
                    more = self._extended(found, portions[position + 1 :], last)
                    return Resolution(modules=(found,), portions=((inside, root), *more))
            file = listing.module_file(last)
            if file:
                form = Form.SOURCE if file.endswith(".py") else Form.EXTENSION
                return Resolution(modules=(self._module(name, form, f"{directory}/{file}", root),))
            if last in listing.directories:
                spaces.append((inside, root))
        if not spaces:
            return None
        return Resolution(modules=(self._module(name, Form.NAMESPACE, *spaces[0]),), portions=tuple(spaces))

    def _extended(self, package: Module, portions: _Portions, last: str) -> Iterator[tuple[str, _Root]]:
        """The package's directories elsewhere, if its `__init__` adds them (`pkgutil.extend_path`)."""
        others = [
            (f"{directory}/{last}", root)
            for directory, root in portions
            if last in self.directories.listing(directory).directories
        ]
        if others and package.path is not None and package.form is Form.PACKAGE:
            source = package.path.read_bytes()
            if any(mark in source for mark in _NAMESPACE_MARKS):
                yield from others

    def _package_at(self, directory: str, root: _Root) -> Resolution:
        init = self.directories.listing(directory).module_file("__init__")
        modules = (self._module("", Form.PACKAGE, f"{directory}/{init}", root),) if init.endswith(".py") else ()
        return Resolution(modules=modules, portions=((directory, root),))

    def _module(self, name: str, form: Form, path: str, root: _Root) -> Module:
        known = self._modules.get(path)
        if known is None:
            below = root.archive_path(path)
            distribution = root.distribution
            if root.index is not None and form.is_file:
                distribution = root.index.owner(below)
            known = self._modules[path] = Module(
                name=name or _dotted(below),
                origin=root.origin,
                form=form,
                path=Path(path),
                root=root.directory,
                archive_path=below,
                distribution=distribution,
            )
        return known

    def _root_of(self, module: Module) -> _Root:
        if module.origin is Origin.EDGEROUTES:
            return self._own
        hooked = (root for roots, _ in self._hooked.values() for root in roots)
        return next(root for root in (*(root for _, root in self._roots), *hooked) if root.directory == module.root)

    def _module_names(self, directory: str) -> set[str]:
        listing = self.directories.listing(directory)
        sources = {file.removesuffix(".py") for file in listing.files if file.endswith(".py")}
        return {name for name in sources | listing.extensions.keys() | listing.directories if name.isidentifier()}


def _shadows_stdlib(module: Module) -> bool:
    return module.origin is Origin.PROJECT and module.form is not Form.NAMESPACE


def _may_make_modules(module: Module) -> bool:
    """Whether modules below this one may exist only at run time, as `six.moves` does."""
    return module.form is Form.EXTENSION or (module.origin is Origin.DISTRIBUTION and module.form is Form.SOURCE)


def _dotted(below: str) -> str:
    """The dotted name of a path below its root; with slashes if its folders cannot be written with dots."""
    parts = below.removesuffix("/__init__.py").removesuffix(".py").split("/")
    parts[-1] = parts[-1].partition(".")[0] if parts[-1].endswith((".so", ".pyd")) else parts[-1]
    return ".".join(parts) if all(part.isidentifier() for part in parts) else "/".join(parts)
