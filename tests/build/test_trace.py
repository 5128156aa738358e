"""The tracer over folder-cases, each cold and cached; and what no folder can hold: changes, broken files and caches."""

from __future__ import annotations

import json
import os
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edgeroutes.build.graph import Chain, ImportGraph, Link, MissingModule, Reason
from edgeroutes.build.imports import ImportKind
from edgeroutes.build.modules import SearchPath
from edgeroutes.build.sources import CACHE_FILE
from edgeroutes.build.steps import event_loop_reason
from edgeroutes.build.trace import Tracer
from edgeroutes.errors import ImportRaisedError, ProblemsError

CASES = Path(__file__).parents[1] / "cases" / "trace"
LONG_AGO = 1_000_000_000


def tracer_of(folder: Path, cache_directory: Path | None = None, **options: frozenset[str]) -> Tracer:
    search_path = SearchPath(
        project_root=folder / "project",
        site_packages=(folder / "site-packages",),
        edgeroutes_root=folder / "own",
    )
    return Tracer(search_path, cache_directory=cache_directory, **options)


def response(tracer: Tracer, entries: list[str], asked: list[str]) -> dict[str, object]:
    """All that both kinds of trace say, as a case file can hold it."""
    files = [Path(entry) for entry in entries]
    bundle, everything = tracer.trace(files), tracer.trace(files, into_distributions=True)
    loop = tracer.event_loop_reason(files)
    assert loop == event_loop_reason(everything)
    case = bundle.project_root.parent.as_posix()
    return {
        "project": sorted(module.archive_path for module in bundle.project_modules),
        "edgeroutes": sorted(module.archive_path for module in bundle.edgeroutes_modules),
        "distributions": list(bundle.distributions),
        "stdlib": list(bundle.stdlib),
        "missing": [str(problem) for problem in bundle.problems()],
        "warnings": [str(warning) for warning in bundle.warnings],
        "skipped": [
            f"{bundle.where(s.importer, s.line)} {s.kind} {s.module} ({s.distribution})".replace(" ()", "").replace(
                f"{case}/", ""
            )
            for s in bundle.skipped
        ],
        "loop": lines(bundle, loop or ()),
        "why": {name: lines(bundle, bundle.why(name)) for name in asked if bundle.why(name)},
        "why_everything": {name: lines(bundle, everything.why(name)) for name in asked if everything.why(name)},
    }


def lines(graph: ImportGraph, chain: Chain) -> list[str]:
    case = f"{graph.project_root.parent.as_posix()}/"
    return graph.render_chain(chain).replace(case, "").splitlines()


@pytest.mark.parametrize("case", sorted(path.parent.name for path in CASES.glob("*/case.toml")))
def test_a_case_is_traced_as_written_cold_and_cached(case: str, tmp_path: Path) -> None:
    expected = tomllib.loads((CASES / case / "case.toml").read_text(encoding="utf-8"))
    del expected["source"]
    entries, asked = expected.pop("entries"), expected.pop("asked")
    cold = tracer_of(CASES / case, tmp_path)

    assert response(cold, entries, asked) == expected
    assert response(cold, entries, asked) == expected
    cold.save()
    assert response(tracer_of(CASES / case, tmp_path), entries, asked) == expected


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A route that imports a project file, old enough for its mtime to be trusted."""
    write(tmp_path, "project/functions/route.py", "from lib import db\nimport other\n")
    write(tmp_path, "project/lib/db.py", "def connect():\n    import asyncio\n")
    write(tmp_path, "project/other.py", "")
    return tmp_path


def write(folder: Path, file: str, text: str, seconds: int = LONG_AGO) -> None:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, (seconds, seconds))
    os.utime(path.parent, (seconds, seconds))


ENTRY = Path("functions/route.py")


def test_the_graph_holds_modules_with_all_their_reasons_and_chains_from_the_entry(folder: Path) -> None:
    route, db = folder / "project/functions/route.py", folder / "project/lib/db.py"
    write(folder, "project/other.py", "import lib.db")

    graph = tracer_of(folder).trace([ENTRY])

    assert {reached.module.name: reached.reasons for reached in graph.modules.values()} == {
        "functions.route": (),
        "lib": (
            Reason(importer=route, line=1, kind=ImportKind.MODULE),
            Reason(importer=folder / "project/other.py", line=1, kind=ImportKind.MODULE),
        ),
        "lib.db": (
            Reason(importer=route, line=1, kind=ImportKind.MODULE),
            Reason(importer=folder / "project/other.py", line=1, kind=ImportKind.MODULE),
        ),
        "other": (Reason(importer=route, line=2, kind=ImportKind.MODULE),),
        "asyncio": (Reason(importer=db, line=2, kind=ImportKind.FUNCTION),),
    }
    assert graph.why("asyncio") == (
        Link(file=route, line=1, kind=ImportKind.MODULE, module="lib.db"),
        Link(file=db, line=2, kind=ImportKind.FUNCTION, module="asyncio"),
    )
    assert (graph.entries, graph.is_complete) == ((route,), True)


def test_a_trace_that_looks_for_a_module_stops_when_it_has_found_it(folder: Path) -> None:
    graph = tracer_of(folder).trace([ENTRY], stop_at=frozenset({"lib"}))

    assert ([r.module.name for r in graph.modules.values()], graph.is_complete) == (
        ["functions.route", "lib", "lib.db"],
        False,
    )


def test_why_says_nothing_of_what_is_not_reached_and_of_entries(folder: Path) -> None:
    graph = tracer_of(folder).trace([ENTRY])

    assert [graph.why(name) for name in ("nowhere", "functions/route.py", "functions.route")] == [(), (), ()]


def test_a_saved_file_is_traced_anew_by_the_same_tracer(folder: Path) -> None:
    tracer = tracer_of(folder)
    assert tracer.event_loop_reason([ENTRY]) is not None

    write(folder, "project/lib/db.py", "import html", seconds=LONG_AGO + 1)

    assert tracer.event_loop_reason([ENTRY]) is None
    assert tracer.trace([ENTRY]).stdlib == ("html",)


def test_a_file_saved_twice_within_one_tick_of_the_clock_is_read_again(folder: Path) -> None:
    tracer = tracer_of(folder)
    path = folder / "project/other.py"
    path.write_text("import html", encoding="utf-8")
    stamp = path.stat().st_mtime_ns
    assert "html" in tracer.trace([ENTRY]).stdlib

    path.write_text("import cmd1", encoding="utf-8")
    os.utime(path, ns=(stamp, stamp))

    assert tracer.trace([ENTRY]).missing == (
        MissingModule(
            importer=path,
            line=1,
            kind=ImportKind.MODULE,
            module="cmd1",
            hint="Add 'cmd1' to the project's dependencies and install it, or make the file cmd1.py",
        ),
    )


def test_a_file_that_appears_is_found_and_one_that_goes_is_missed(folder: Path) -> None:
    tracer = tracer_of(folder)
    tracer.trace([ENTRY])
    (folder / "project/other.py").unlink()
    assert [missing.module for missing in tracer.trace([ENTRY]).missing] == ["other"]

    write(folder, "project/other.py", "", seconds=LONG_AGO + 5)

    assert tracer.trace([ENTRY]).missing == ()


def test_a_file_that_is_not_python_is_an_error_with_its_line(folder: Path) -> None:
    write(folder, "project/lib/db.py", "import json\ndef (:\n")

    with pytest.raises(ImportRaisedError, match=r"^lib/db\.py:2: this is not Python 3\.\d+: invalid syntax") as raised:
        tracer_of(folder).trace([ENTRY])

    assert raised.value.where == "lib/db.py:2"


def test_all_files_that_are_not_python_are_reported_at_once(folder: Path) -> None:
    write(folder, "project/lib/db.py", "def (:\n")
    write(folder, "project/other.py", "1 +\n")

    with pytest.raises(ProblemsError) as raised:
        tracer_of(folder).trace([ENTRY])

    assert [problem.where for problem in raised.value.problems] == ["lib/db.py:1", "other.py:1"]


def test_a_file_of_a_distribution_that_is_not_python_imports_nothing(folder: Path) -> None:
    write(folder, "project/other.py", "import dist")
    write(folder, "site-packages/dist/__init__.py", "from dist import template, newer")
    write(folder, "site-packages/dist/template.py", "import {{ name }}")
    write(folder, "site-packages/dist/newer.py", "import html")

    graph = tracer_of(folder).trace([ENTRY], into_distributions=True)

    assert graph.stdlib == ("asyncio", "html")


def test_a_name_of_edgeroutes_that_waits_by_contract_counts_as_asyncio(folder: Path) -> None:
    names = frozenset({"edgeroutes.fetch"})
    write(folder, "own/edgeroutes/__init__.py", "")
    sources = {
        "from edgeroutes import fetch": ["functions/route.py:1 imports asyncio"],
        "import edgeroutes as e\ne.fetch()": ["functions/route.py:1 imports asyncio"],
        "from edgeroutes import Request": [],
        "import edgeroutes\nedgeroutes.Request": [],
        "from lib import fetch": [],
    }
    chains = {}
    for second, source in enumerate(sources):
        write(folder, "project/functions/route.py", source, seconds=LONG_AGO + second)
        tracer = tracer_of(folder, loop_names=names)
        chains[source] = lines(tracer.trace([ENTRY]), tracer.event_loop_reason([ENTRY]) or ())

    assert chains == sources


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"[]",
        b'{"format": "0", "files": {}}',
        b'{"format": 1}',
        b'{"files": []}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_a_cache_that_is_corrupt_or_of_another_version_is_ignored(folder: Path, content: bytes) -> None:
    expected = tracer_of(folder).trace([ENTRY])
    cache = folder / "cache"
    cache.mkdir()
    (cache / CACHE_FILE).write_bytes(content)
    tracer = tracer_of(folder, cache)

    assert tracer.trace([ENTRY]) == expected
    tracer.save()
    assert tracer_of(folder, cache).trace([ENTRY]) == expected


def test_one_corrupt_entry_of_a_cache_is_read_anew(folder: Path) -> None:
    cache = folder / "cache"
    tracer = tracer_of(folder, cache)
    expected = tracer.trace([ENTRY])
    tracer.save()
    stored = json.loads((cache / CACHE_FILE).read_bytes())
    for entry, broken in zip(stored["files"].values(), ("gone", [[["x"]], [], [], []], None), strict=True):
        entry[2] = broken
    (cache / CACHE_FILE).write_text(json.dumps(stored), encoding="utf-8")

    assert tracer_of(folder, cache).trace([ENTRY]) == expected


def test_the_cache_is_used_and_a_changed_file_is_not_taken_from_it(folder: Path) -> None:
    cache = folder / "cache"
    tracer = tracer_of(folder, cache)
    tracer.trace([ENTRY])
    tracer.save()
    text = (cache / CACHE_FILE).read_text(encoding="utf-8")
    (cache / CACHE_FILE).write_text(text.replace('"asyncio"', '"html"'), encoding="utf-8")
    assert tracer_of(folder, cache).trace([ENTRY]).stdlib == ("html",)

    write(folder, "project/lib/db.py", "import json", seconds=LONG_AGO + 1)

    assert tracer_of(folder, cache).trace([ENTRY]).stdlib == ("json",)


def test_a_file_too_young_to_be_trusted_is_not_cached(folder: Path) -> None:
    (folder / "project/other.py").write_text("import html", encoding="utf-8")
    tracer = tracer_of(folder, folder / "cache")
    tracer.trace([ENTRY])
    tracer.save()

    files = json.loads((folder / "cache" / CACHE_FILE).read_bytes())["files"]
    assert [Path(file).name for file in files] == ["route.py", "db.py"]


def test_a_cache_directory_that_cannot_be_written_is_left_alone(folder: Path) -> None:
    (folder / "cache").write_text("a file", encoding="utf-8")
    tracer = tracer_of(folder, folder / "cache")

    tracer.trace([ENTRY])
    tracer.save()

    assert (folder / "cache").read_text(encoding="utf-8") == "a file"


def test_tracers_that_save_at_once_leave_one_whole_cache_and_nothing_else(folder: Path) -> None:
    cache = folder / "cache"

    def trace_and_save(number: int) -> None:
        write(folder, f"project/functions/r{number}/route.py", f"import json as a{number}")
        tracer = tracer_of(folder, cache)
        tracer.trace([Path(f"functions/r{number}/route.py")])
        tracer.save()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(trace_and_save, range(24)))

    assert [path.name for path in cache.iterdir()] == [CACHE_FILE]
    assert json.loads((cache / CACHE_FILE).read_bytes()).keys() == {"format", "files"}


def test_a_small_trace_is_not_worth_a_write(folder: Path) -> None:
    tracer_of(folder, folder / "cache").trace([ENTRY])

    assert not (folder / "cache").exists()
