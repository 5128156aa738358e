"""What `edgeroutes dev` prints."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path
from textwrap import dedent

import click
import pytest

from edgeroutes.cli.terminal import JsonLines, Terminal, access_line, failure_lines
from edgeroutes.dev.reports import (
    CloudFailed,
    CloudReady,
    Failed,
    Logged,
    Reloaded,
    Report,
    Responded,
    RouteLine,
    Started,
)
from edgeroutes.errors import HandlerError, LayoutError
from edgeroutes.runtime.responses import to_response

PROBLEM = LayoutError("it is wrong", where="functions/a", hint="Fix it")


ROUTE = RouteLine(methods=("GET",), path="/a", source_file="functions/a/route.py")
MOTO, TABLE = "http://127.0.0.1:4100", "AWS::DynamoDB::Table"


def printed(report: Report) -> str:
    output = StringIO()
    Terminal(Path("/p"), output)(report)
    return output.getvalue()


def access(**fields: object) -> Responded:
    return Responded(**{"method": "GET", "path": "/a", "status": 200, "duration_ms": 1.23, "body_bytes": 10, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("report", "line"),
    [
        (access(source_file="functions/a/route.py"), "GET /a 200 1.2 ms 10 B functions/a/route.py"),
        (access(status=404, duration_ms=1234.5, body_bytes=123_456), "GET /a 404 1,234 ms 121 KiB"),
        (access(status=0, note="the client left"), "GET /a --- 1.2 ms 10 B  the client left"),
        (
            Reloaded(changed=("a.py", "b.py", "c.py", "d.py"), duration_ms=12.3, routes=2, problems=(PROBLEM,)),
            "reloaded in 12 ms: a.py, b.py, c.py and 1 more\nfunctions/a: it is wrong. Fix it.",
        ),
        (Logged(level="WARNING", message="careful", fields={"route": "/a"}), "warning: careful  route=/a"),
        (Logged(level="ERROR", message="no"), "error: no"),
        (
            CloudReady(
                url=MOTO, resources={"A": TABLE, "B": TABLE, "C": "AWS::X::Thing"}, duration_ms=4120, warnings=("w",)
            ),
            f"local AWS: 2 tables, 1 thing, in 4,120 ms at {MOTO}\nwarning: w",
        ),
        (
            CloudReady(url=MOTO, resources=dict.fromkeys("AB", "AWS::S3::BucketPolicy"), duration_ms=5),
            f"local AWS: 2 bucket policies, in 5.0 ms at {MOTO}",
        ),
        (
            CloudReady(url=MOTO, resources={"A": TABLE}, added=("A",), removed=("B",), duration_ms=5),
            f"local AWS changed: A made, B removed, in 5.0 ms at {MOTO}",
        ),
        (
            CloudFailed(problems=(PROBLEM,), is_working=True),
            ("functions/a: it is wrong. Fix it.\nfix this for local AWS; the other resources of infra/ work"),
        ),
        (
            CloudFailed(problems=(PROBLEM,), is_working=False),
            (
                "functions/a: it is wrong. Fix it.\n"
                "fix this for local AWS; routes that use resources respond 500 until then"
            ),
        ),
        (Logged(level="DEBUG", message="the response is not cached"), "debug: the response is not cached"),
    ],
)
def test_each_report_is_a_line(report: Report, line: str) -> None:
    assert printed(report) == f"{line}\n"


def test_the_start_names_the_url_the_routes_and_what_is_wrong() -> None:
    lines = printed(Started(url="http://x", routes=1, problems=(PROBLEM,), warnings=("open",))).splitlines()
    assert re.fullmatch(r"edgeroutes dev http://x  1 route, ready in \d+ ms", lines[0])
    assert lines[1:] == ["warning: open", "functions/a: it is wrong. Fix it."]


def test_colours_are_for_terminals() -> None:
    assert "\x1b[32m" in access_line(access())
    assert "\x1b" not in printed(access())


def raised(root: Path) -> BaseException:
    code = dedent("""\
        def inner():
            return {}['a']

        def outer():
            try:
                inner()
            except KeyError as error:
                raise ValueError('b') from error
        """)
    file = root / "module.py"
    file.write_text(code)
    namespace: dict[str, object] = {}
    exec(compile(code, str(file), "exec"), namespace)
    try:
        namespace["outer"]()  # type: ignore[operator]
    except ValueError as error:
        return error
    raise AssertionError


def test_a_failure_shows_the_authors_lines_causes_first(tmp_path: Path) -> None:
    lines = [click.unstyle(line) for line in failure_lines(raised(tmp_path), str(tmp_path))]
    assert [line for line in lines if "│" not in line] == [
        "  module.py:6 in outer",
        "  module.py:2 in inner",
        "KeyError: 'a'",
        "which led to",
        "  module.py:8 in outer",
        "ValueError: b",
    ]
    assert "  ❱    2 │     return {}['a']" in lines
    output = StringIO()
    Terminal(tmp_path, output)(Failed(message="GET /a failed", error=raised(tmp_path)))
    assert output.getvalue().splitlines() == ["GET /a failed", *lines]


def test_what_edgeroutes_raises_itself_is_shown_without_its_own_frames(tmp_path: Path) -> None:
    with pytest.raises(HandlerError) as caught:
        to_response(None, "functions/a/route.py, GET")
    lines = [click.unstyle(line) for line in failure_lines(caught.value, str(tmp_path))]
    assert lines == [
        "functions/a/route.py, GET: the handler returned None. Return a value, or Response(status=204) for no content."
    ]


def test_an_endless_recursion_is_shown_by_its_ends(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text("def again():\n    again()\n")
    namespace: dict[str, object] = {}
    exec(compile(file.read_text(), str(file), "exec"), namespace)
    with pytest.raises(RecursionError) as caught:
        namespace["again"]()  # type: ignore[operator]
    lines = [click.unstyle(line) for line in failure_lines(caught.value, str(tmp_path)) if "│" not in line]
    frame = "  module.py:2 in again"
    assert lines[:10] == lines[11:21] == [frame] * 10
    assert re.fullmatch(r"  … [\d,]+ more", lines[10])
    assert lines[21:] == ["RecursionError: maximum recursion depth exceeded"]


def test_for_programs_each_report_is_a_json_document(capsys: pytest.CaptureFixture[str]) -> None:
    for report in (
        Started(url="http://x", routes=1, problems=(PROBLEM,), table=(ROUTE,)),
        access(),
        Failed(message="m", error=ValueError("v")),
    ):
        JsonLines()(report)
    started, entry, failed = map(json.loads, capsys.readouterr().out.splitlines())
    assert started == {
        "kind": "started",
        "url": "http://x",
        "routes": 1,
        "problems": ["functions/a: it is wrong. Fix it."],
        "warnings": [],
        "table": [{"methods": ["GET"], "path": "/a", "source_file": "functions/a/route.py"}],
    }
    assert (entry["kind"], entry["status"]) == ("responded", 200)
    assert failed == {"kind": "failed", "message": "m", "error": "ValueError", "traceback": "ValueError: v\n"}
