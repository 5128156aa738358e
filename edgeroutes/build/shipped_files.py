"""Which files of a distribution a function may need: not its tests, unless the rest of it imports them."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from edgeroutes.build.imports import NEVER_RUN, parse_imports
from edgeroutes.build.syntax import parse_source
from edgeroutes.build.texts import read_texts
from edgeroutes.errors import ImportRaisedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_METADATA_FILES = frozenset({"METADATA", "entry_points.txt"})
_TEST_FOLDERS = frozenset({"test", "tests"})
_ENVIRONMENT_FOLDERS = frozenset({"bin", "Scripts", "share", "include"})
_MENTIONS_TESTS = re.compile(rb"\btests?\b")
# Functions that run a library's own tests: `def test(): from .tests import run`.
_RUNS_TESTS = re.compile(r"_?(?:run_?)?(?:self_?)?tests?")


def shipped_files(paths: Iterable[str], read: Callable[[str], bytes]) -> list[str]:
    """Those of a distribution's files that a function may need.

    Not: its tests (a folder called so that holds `test_*.py` or `conftest.py`), scripts, caches, and of its metadata all but
    METADATA and entry_points.txt. A folder of tests that the rest of the distribution imports or names stays.

    Args:
        paths: As the distribution recorded them.
        read: Gives a file's content; OSError for one that is not there.
    """
    kept = [path for path in paths if _is_shipped(path)]
    tests = {folder for path in kept if (folder := _test_folder(path))}
    left = {path for path in kept if not _is_below(path, tests)}
    waiting = [*left] if tests else []
    while waiting and tests:
        wanted = {folder for path in waiting for folder in _wanted_tests(path, tests, read)}
        tests -= wanted
        waiting = [path for path in kept if _is_below(path, wanted) and not _is_below(path, tests)]
        left.update(waiting)
    return sorted(left)


def _is_shipped(path: str) -> bool:
    top, _, below = path.partition("/")
    if top in _ENVIRONMENT_FOLDERS or path.startswith(("../", "/")) or "__pycache__/" in path:
        return False
    return below in _METADATA_FILES if top.endswith(".dist-info") else top != ".lock"


def _test_folder(path: str) -> str:
    """The outermost folder of tests that the path shows to be one; empty where it shows none."""
    *folders, name = path.split("/")
    if not (name.startswith("test_") or name == "conftest.py"):
        return ""
    at = next((n for n, folder in enumerate(folders) if folder in _TEST_FOLDERS), None)
    return "/".join(folders[: at + 1]) if at is not None else ""


def _is_below(path: str, folders: Iterable[str]) -> bool:
    return any(path.startswith(f"{folder}/") for folder in folders)


def _wanted_tests(path: str, folders: Iterable[str], read: Callable[[str], bytes]) -> Iterator[str]:
    """The folders of tests that a file needs when it is loaded, or may need later."""
    name = path.rpartition("/")[2]
    if not name.endswith(".py") or name.startswith("test_") or name == "conftest.py":
        return
    try:
        source = read(path)
        named = [*_named_paths(path, source)] if _MENTIONS_TESTS.search(source) else []
    except (OSError, ImportRaisedError):  # recorded and not there, or a template
        return
    yield from (folder for folder in folders if any(f"{each}/".startswith(f"{folder}/") for each in named))


def _named_paths(path: str, source: bytes) -> Iterator[str]:
    """What a file imports or names in a string, as paths."""
    tree = parse_source(source, where=path)
    runners = [
        range(node.lineno, (node.end_lineno or node.lineno) + 1)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _RUNS_TESTS.fullmatch(node.name)
    ]
    for site in parse_imports(source, where=path).sites:
        if site.kind in NEVER_RUN or any(site.line in lines for lines in runners):
            continue
        above = path.rsplit("/", site.level)[0].split("/") if 0 < site.level <= path.count("/") else []
        module = "/".join([*above, *(site.module.split(".") if site.module else [])])
        yield module
        yield from (f"{module}/{name}" for name in site.names)
    yield from (text.dotted.replace(".", "/") for text in read_texts(tree) if "." in text.dotted)
