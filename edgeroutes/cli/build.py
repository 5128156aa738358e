"""`edgeroutes build`, `bundle` and `why`.

The Makefile runs `bundle` for each function that the script of this `sam build` does not link. It must start fast, so it imports only
what it needs, and not click (`run_bundle`).
"""

from __future__ import annotations

import json
import sys
from typing import IO, TYPE_CHECKING, Any

from edgeroutes.cli import DONE, REFUSED
from edgeroutes.names import CONFIG_FILE, SAM_FOLDER, TEMPLATE_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from edgeroutes.build.builder import Builder
    from edgeroutes.build.session import Process
    from edgeroutes.build.store import Store

_SHOWN_FILES = 10


def print_build(root: Path, *, as_json: bool = False, strict: bool = False) -> int:
    """Build all functions and print their sizes; with `strict`, 1 when there are warnings."""
    from edgeroutes.build.report import read_summary
    from edgeroutes.build.store import FOLDER, Store

    store = Store(root / FOLDER)
    with store.locked():
        built, new_data, warnings = _build_if_changed(root, store, _progress(as_json=as_json))
        rows = [{**row, "new": row["function"] in built} for row in read_summary(store)]
    _clear_progress(as_json=as_json)
    if as_json:
        print(json.dumps({"functions": rows, "warnings": warnings, "new_data": new_data}, indent=2))
    else:
        _print_table(rows)
        _print_new_data(new_data)
        _print_warnings(warnings, sys.stderr)
    return REFUSED if strict and warnings else DONE


def _build_if_changed(
    root: Path, store: Store, progress: Callable[[str], None]
) -> tuple[frozenset[str], Sequence[str], Sequence[str]]:
    """The functions that differ from the last build, the new data files, and the warnings. The caller has locked the store."""
    from edgeroutes.build.session import is_unchanged

    if is_unchanged(store):
        return frozenset(), (), json.loads(store.read_text("warnings.json") or "[]")
    report = _make_builder(root, progress).build()
    built = frozenset(each.logical_id for each in report.functions if each.is_new)
    return built, report.new_data, report.warnings


def write_bundle(root: Path, logical_id: str, to: Path, *, as_json: bool = False) -> int:
    """Write one function's bundle to a folder; build all first, unless this run of `sam build` has.

    Raises:
        ConfigError: No function has this logical id.
    """
    from edgeroutes.build.session import find_sam_build, is_current, read_failure
    from edgeroutes.build.store import FOLDER, Store, link_trees

    store = Store(root / FOLDER)
    sam = find_sam_build()
    if not is_current(store, sam):
        with store.locked():
            if failure := read_failure(store, sam):  # another target of the same build tried, while this one waited
                print(failure, file=sys.stderr)
                return REFUSED
            if not is_current(store, sam):
                _build_for(sam, root, store, as_json=as_json)
    trees = store.function_trees(logical_id)
    if not trees and logical_id in store.functions():  # a file of it has changed meanwhile
        with store.locked():
            _build_for(sam, root, store, as_json=as_json)
        trees = store.function_trees(logical_id)
    if not trees:
        raise _no_function(store.functions(), logical_id)
    link_trees(trees, to)
    if as_json:
        print(json.dumps({"function": logical_id, "to": str(to), **_sizes(trees)}))
    return DONE


def _build_for(sam: Process | None, root: Path, store: Store, *, as_json: bool) -> None:
    """Build all functions, and write for the other targets of this `sam build` how to link them, or the error."""
    from edgeroutes.build.session import is_unchanged, write_failure, write_script
    from edgeroutes.cli.template import TemplateCheck
    from edgeroutes.errors import EdgeroutesError

    # SAM shows only make's standard output, unless make fails.
    stream = sys.stderr if as_json else sys.stdout
    check = TemplateCheck(root)
    try:
        check.start()
        if not is_unchanged(store):
            _print_new_data(_make_builder(root).build().new_data, stream)
        warnings = check.finish()
    except EdgeroutesError as error:
        check.close()
        write_failure(store, sam, str(error))
        raise
    write_script(store, sam)
    warnings += json.loads(store.read_text("warnings.json") or "[]")
    _print_warnings(warnings, stream)


def run_bundle(arguments: Sequence[str]) -> int:
    """Run `edgeroutes bundle …` without loading the other commands.

    Args:
        arguments: The arguments after `bundle`.
    """
    import argparse
    from pathlib import Path

    from edgeroutes.errors import EdgeroutesError

    parser = argparse.ArgumentParser("edgeroutes bundle", description="Write one function's files to a folder.")
    parser.add_argument("logical_id", help="the function's name in the template")
    parser.add_argument("--to", required=True, type=Path, help="the folder, as make's $(ARTIFACTS_DIR)")
    parser.add_argument("--root", type=Path, help="the project's folder; by default this one or one above it or --to")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    given = parser.parse_args(arguments)
    to = given.to.absolute()
    try:
        return write_bundle((given.root or find_root(to)).absolute(), given.logical_id, to, as_json=given.json)
    except EdgeroutesError as error:
        print(error, file=sys.stderr)
        return REFUSED


def find_root(to: Path) -> Path:
    """The project of a bundle's folder: SAM runs make in a copy of the route's folder, and `to` is below `.aws-sam`.

    Raises:
        ConfigError: The folder does not contain a project.
    """
    from pathlib import Path

    from edgeroutes.errors import ConfigError

    above_sam = [folder.parent for folder in to.parents if folder.name == SAM_FOLDER]
    for folder in (*above_sam, Path.cwd(), *Path.cwd().parents):
        if any((folder / name).is_file() for name in (CONFIG_FILE, TEMPLATE_FILE)):
            return folder
    raise ConfigError("there is no project here or above", where=str(Path.cwd()), hint="Name its folder with --root")


def print_why(root: Path, route: str, name: str, *, as_json: bool = False) -> int:
    """Print why a route's function contains a distribution, a module or a file."""
    from edgeroutes.build.report import explain

    builder = _make_builder(root, _progress(as_json=as_json))
    with builder.store.locked():
        report = builder.build()
    _clear_progress(as_json=as_json)
    _print_new_data(report.new_data, sys.stderr)
    lines = explain(report, route, name)
    print(json.dumps({"route": route, "name": name, "because": lines}) if as_json else "\n".join(lines))
    return DONE


def _make_builder(root: Path, progress: Callable[[str], None] = lambda _: None) -> Builder:
    from edgeroutes.build.builder import Builder
    from edgeroutes.pipeline import plan_project

    return Builder(root, plan_project(root), progress=progress)


def _sizes(trees: Any) -> dict[str, int]:
    from edgeroutes.build.report import bundle_files, unzipped_bytes

    return {"files": len(bundle_files(trees)), "unzipped_bytes": unzipped_bytes(trees)}


def _no_function(known: Sequence[str], logical_id: str) -> Exception:
    from edgeroutes.errors import ConfigError, suggest

    hint = suggest(logical_id, known, "Run 'edgeroutes template', then 'sam build' again", cutoff=0.85)
    return ConfigError("no function of the project has this logical id", where=logical_id, hint=hint)


def _progress(*, as_json: bool) -> Callable[[str], None]:
    if as_json or not sys.stderr.isatty():
        return lambda _: None
    return lambda text: print(f"\r\033[K{text} …", end="", file=sys.stderr, flush=True)


def _clear_progress(*, as_json: bool) -> None:
    if not as_json and sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def _print_table(rows: list[dict[str, Any]]) -> None:
    from edgeroutes.build.report import render_bytes

    width = max(len(row["function"]) for row in rows)
    print(f"{'function':{width}}  {'zipped':>9}  {'unzipped':>9}  files")
    for row in rows:
        zipped, unzipped = render_bytes(row["zipped_bytes"]), render_bytes(row["unzipped_bytes"])
        mark = "  built" if row["new"] else ""
        print(f"{row['function']:{width}}  {zipped:>9}  {unzipped:>9}  {row['files']:>5}{mark}")


def _print_new_data(paths: Sequence[str], stream: IO[str] | None = None) -> None:
    if paths:
        more = f" and {len(paths) - _SHOWN_FILES} more" if len(paths) > _SHOWN_FILES else ""
        print(f"new data files in bundles: {', '.join(paths[:_SHOWN_FILES])}{more}", file=stream)


def _print_warnings(warnings: Iterable[str], stream: IO[str]) -> None:
    for warning in dict.fromkeys(warnings):
        print(f"warning: {warning}", file=stream, flush=True)


if __name__ == "__main__":
    sys.exit(run_bundle(sys.argv[1:]))
