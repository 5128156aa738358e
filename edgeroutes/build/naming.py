"""The project's modules that a file names without importing them: in a string, by a path, or by looking into their folder."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from edgeroutes.build.modules import Form, Module, Origin
from edgeroutes.build.texts import Text, TextPlace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeroutes.build.folder_scans import FolderScan
    from edgeroutes.build.resolve import Resolution, Resolver

_TEST_FOLDERS = frozenset({"test", "tests"})
_ROUTE_FILES = frozenset({"middleware.py", "route.py"})
# Django's module of an app's settings: `shop.apps.ShopConfig` is the app `shop`. Source: docs.djangoproject.com "Applications".
_APPS = "apps"
# A folder of more modules is an environment or a checkout, not one of scripts.
_MAX_SCRIPTS = 200


class Naming:
    """Finds them.

    Args:
        resolver: Knows the search path.
    """

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._root = resolver.search_path.project_root

    def named(self, text: Text) -> tuple[Module, ...]:
        """The modules that a text names, and those behind the entry points of the project whose group it names."""
        points = (Text(text=value, line=text.line, place=TextPlace.LISTED) for value in self._points.get(text.text, ()))
        return tuple(dict.fromkeys(module for each in (text, *points) for module in self._importable(each)))

    @cached_property
    def _points(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for group, value in self._resolver.own_entry_points():
            found.setdefault(group, []).append(value.partition("[")[0].strip())
        return found

    def _importable(self, text: Text) -> tuple[Module, ...]:
        """The modules that importing what a text names would load; for a package, all that is in it.

        `lib.logs.JsonFormatter` is the module `lib.logs`. A package that a text names in full is one of Django's apps, Celery's task
        packages or the like, whose modules others import by convention. A single word counts in a list of modules and in a call that
        imports; elsewhere it is a word.
        """
        if text.place is TextPlace.KEY or (text.place is TextPlace.PLAIN and "." not in text.dotted):
            return ()
        parts = text.dotted.split(".")
        found = self._resolver.resolve(parts[0])
        if not found.modules or found.modules[-1].origin is not Origin.PROJECT:
            return ()
        length = len(parts)
        while (found := self._resolver.resolve(".".join(parts[:length]))).missing:
            length -= 1
        module = found.modules[-1]
        if module.form is Form.NAMESPACE and (length == 1 or length < len(parts)):
            return ()
        is_app = length == len(parts) - 1 and length > 1 and parts[length - 1] == _APPS
        whole = self._resolver.resolve(".".join(parts[: length - 1])) if is_app else found
        inside = tuple(self._inside(whole, "", is_deep=True)) if is_app or length == len(parts) else ()
        return (*found.modules, *(each for each in inside if each not in found.modules))

    def scanned(self, importer: Module, scan: FolderScan) -> tuple[Module, ...]:
        """The modules that a file loads by looking into a folder of the project."""
        bare = scan.module.lstrip(".")
        level = len(scan.module) - len(bare)
        if level or not scan.module:
            package = self._resolver.resolve_relative(importer, level or 1, bare)
        else:
            package = self._resolver.resolve(bare)
            is_word = "." not in bare and bool(package.modules) and package.modules[-1].form is Form.NAMESPACE
            if is_word and not scan.is_call:
                return ()
        if package.missing or (package.modules and package.modules[-1].origin is not Origin.PROJECT):
            return ()
        if scan.ups or scan.parts:
            return tuple(self._at_path(package, scan))
        inside = self._inside(package, scan.pattern, is_deep=scan.is_deep)
        return (*package.modules, *(each for each in inside if each is not importer and each not in package.modules))

    def scripts(self, path: str) -> tuple[Module, ...]:
        """The modules that are loaded by a path, relative to the project: a source file, or a folder of them that is not a package.

        Migrations, plugins and jobs lie in such folders. A folder with routes, and one in which imports are looked for, is none.
        """
        place = self._root / path
        if place.suffix == ".py":
            is_there = place.name in self._resolver.directories.listing(place.parent.as_posix()).files
            return (self._resolver.entry(place),) if is_there and place.name not in _ROUTE_FILES else ()
        folder = place.as_posix()
        is_package = "__init__.py" in self._resolver.directories.listing(folder).files
        if is_package or self._resolver.is_search_root(place) or self._holds_routes(folder):
            return ()
        found = tuple(islice(self._modules_in(folder, "", "", is_deep=True), _MAX_SCRIPTS + 1))
        return found if len(found) <= _MAX_SCRIPTS else ()

    def _holds_routes(self, folder: str) -> bool:
        waiting = [folder]
        for number, each in enumerate(waiting):
            listing = self._resolver.directories.listing(each)
            if number > _MAX_SCRIPTS or listing.files & _ROUTE_FILES:
                return True
            waiting += [f"{each}/{name}" for name in listing.directories]
        return False

    def _at_path(self, package: Resolution, scan: FolderScan) -> Iterator[Module]:
        for directory in package.directories:
            folder = Path(directory)
            for _ in range(scan.ups):
                folder = folder.parent
            folder = folder.joinpath(*scan.parts)
            if folder.is_relative_to(self._root) and folder != self._root:
                yield from self._modules_in(folder.as_posix(), "", "", is_deep=scan.is_deep)

    def _inside(self, package: Resolution, pattern: str, *, is_deep: bool) -> Iterator[Module]:
        for directory in package.directories:
            yield from self._modules_in(directory, "", pattern, is_deep=is_deep)

    def _modules_in(self, directory: str, prefix: str, pattern: str, *, is_deep: bool) -> Iterator[Module]:
        """The modules in a folder, its packages among them, and with `is_deep` what is in these; no tests and no routes."""
        listing = self._resolver.directories.listing(directory)
        for file in sorted(listing.files - _ROUTE_FILES):
            name = file.partition(".")[0]
            if not (file == "conftest.py" or file.startswith("test_")) and _matches(prefix + name, pattern):
                yield self._resolver.entry(Path(directory, file))
        for name in sorted(listing.directories - _TEST_FOLDERS):
            inside = f"{directory}/{name}"
            if is_deep:
                yield from self._modules_in(inside, f"{prefix}{name}.", pattern, is_deep=True)
            elif "__init__.py" in self._resolver.directories.listing(inside).files and _matches(prefix + name, pattern):
                yield self._resolver.entry(Path(inside, "__init__.py"))


def _matches(name: str, pattern: str) -> bool:
    return not pattern or fnmatchcase(name.removesuffix(".__init__"), pattern)
