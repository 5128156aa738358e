"""The dev server's reports on a terminal, for people or as JSON lines for programs."""

from __future__ import annotations

import json
import linecache
import re
import shutil
import sys
import time
import traceback
from collections import Counter
from dataclasses import asdict, fields
from typing import IO, TYPE_CHECKING, Any

import click

from edgeroutes.cli import BEGAN
from edgeroutes.cli.output import escape_line, escape_lines
from edgeroutes.dev.reports import (
    CloudFailed,
    CloudReady,
    Failed,
    Logged,
    Reloaded,
    Responded,
    RouteLine,
    Started,
    is_reported,
)
from edgeroutes.errors import EdgeroutesError, RouteImportError
from edgeroutes.routing.conventions import METHODS
from edgeroutes.runtime.failures import both_ends, is_own_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from edgeroutes.dev.reports import Report

_NAMED_FILES = 3
_LISTED_ROUTES = 20
# Columns where the output is not a terminal.
_WIDE = 120
_LEVEL_COLORS = {"ERROR": "red", "WARNING": "yellow"}
_LINES_AROUND = 2


class Terminal:
    """Prints the dev server's reports for people.

    Args:
        root: The project's folder.
        stream: Standard output by default.
    """

    def __init__(self, root: Path, stream: IO[str] | None = None) -> None:
        self._root = str(root)
        self._stream = stream
        self.has_keys = False

    def __call__(self, report: Report) -> None:
        match report:
            case Started():
                self._started(report)
            case Responded():
                self._print(access_line(report))
            case Reloaded():
                self._reloaded(report)
            case CloudReady():
                self._cloud(report)
            case CloudFailed():
                self._cloud_failed(report)
            case Failed():
                self._failed(report)
            case Logged():
                self._print(_logged_line(report))

    def _failed(self, failed: Failed) -> None:
        self._print(click.style(escape_lines(failed.message), fg="red", bold=True))
        if failed.is_repeated or is_reported(failed.error):
            self._print(click.style(f"{_error_text(failed.error)} (traceback above)", fg="red"))
            return
        for line in failure_lines(failed.error, self._root):
            self._print(line)

    def _started(self, started: Started) -> None:
        ready_ms = (time.perf_counter() - BEGAN) * 1000
        url = click.style(escape_line(started.url), fg="cyan", bold=True)
        self._print(f"edgeroutes dev {url}  {_count(started.routes, 'route')}, ready in {ready_ms:.0f} ms")
        for line in _route_lines(started.table, self._width()):
            self._print(line)
        if self.has_keys:
            self._print(click.style("press o to open a browser, c to clear the CDN cache, q to quit", dim=True))
        for warning in started.warnings:
            self._print(click.style(f"warning: {escape_lines(warning)}", fg="yellow"))
        self._problems(started.problems)

    def _width(self) -> int:
        stream = self._stream or sys.stdout
        return shutil.get_terminal_size().columns if stream.isatty() else _WIDE

    def _reloaded(self, reloaded: Reloaded) -> None:
        more = len(reloaded.changed) - _NAMED_FILES
        names = ", ".join(reloaded.changed[:_NAMED_FILES]) + (f" and {more} more" if more > 0 else "")
        self._print(click.style(f"reloaded in {reloaded.duration_ms:.0f} ms: {escape_line(names)}", fg="green"))
        self._problems(reloaded.problems)

    def _cloud(self, ready: CloudReady) -> None:
        done = f"{_milliseconds(ready.duration_ms)} at {ready.url}"
        if ready.added or ready.removed:
            changes = [f"{name} made" for name in ready.added] + [f"{name} removed" for name in ready.removed]
            text = f"local AWS changed: {', '.join(changes)}, in {done}"
        else:
            text = f"local AWS: {_counted(ready.resources)}, in {done}"
        self._print(click.style(escape_line(text), fg="green"))
        for warning in ready.warnings:
            self._print(click.style(f"warning: {escape_lines(warning)}", fg="yellow"))

    def _cloud_failed(self, failed: CloudFailed) -> None:
        self._problems(failed.problems)
        then = (
            "the other resources of infra/ work"
            if failed.is_working
            else "routes that use resources respond 500 until then"
        )
        self._print(click.style(f"fix this for local AWS; {then}", fg="red"))

    def _problems(self, problems: Sequence[EdgeroutesError]) -> None:
        for problem in problems:
            self._print(click.style(escape_lines(str(problem)), fg="red"))

    def _print(self, line: str) -> None:
        click.echo(line, file=self._stream)


class JsonLines:
    """Prints the dev server's reports for programs: one JSON document a line, `kind` first.

    Args:
        stream: Standard output by default.
    """

    def __init__(self, stream: IO[str] | None = None) -> None:
        self._stream = stream

    def __call__(self, report: Report) -> None:
        line = json.dumps({"kind": type(report).__name__.lower(), **_document(report)}, default=str)
        print(line, file=self._stream or sys.stdout, flush=True)


def _document(report: Report) -> dict[str, Any]:
    if isinstance(report, Failed):
        trace = "".join(traceback.format_exception(report.error))
        return {"message": report.message, "error": type(report.error).__name__, "traceback": trace}
    document = {each.name: getattr(report, each.name) for each in fields(report)}
    if "problems" in document:
        document["problems"] = [str(problem) for problem in document["problems"]]
    if "table" in document:
        document["table"] = [asdict(each) for each in document["table"]]
    return document


def _route_lines(table: Sequence[RouteLine], width: int) -> Iterator[str]:
    """The first routes, a line each of at most `width` columns: methods, path, and the file where it fits."""
    listed = table[:_LISTED_ROUTES]
    rows = [(_methods(each.methods), escape_line(each.path), escape_line(each.source_file)) for each in listed]
    first = max((len(methods) for methods, _, _ in rows), default=0)
    second = max((len(path) for _, path, _ in rows), default=0)
    with_file = all(4 + first + 2 + second + 2 + len(file) <= width for _, _, file in rows)
    for methods, path, file in rows:
        shown = f"{path:{second}}  {click.style(file, dim=True)}" if with_file else path[: max(20, width - first - 4)]
        yield f"  {click.style(f'{methods:{first}}', fg='green')}  {shown}"
    if len(table) > len(listed):
        yield click.style(f"  … and {len(table) - len(listed):,} more: edgeroutes routes", dim=True)


def _methods(methods: Sequence[str]) -> str:
    return "any" if len(methods) == len(METHODS) else " ".join(methods) or "none"


def access_line(responded: Responded) -> str:
    status = responded.status
    color = "green" if status < 300 else "cyan" if status < 400 else "yellow" if status < 500 else "red"
    shown = click.style(str(status) if status else "---", fg=color if status else "yellow", bold=True)
    size = f"{_milliseconds(responded.duration_ms)} {_size(responded.body_bytes)} {responded.source_file}".rstrip()
    if responded.cache:
        size += f" {responded.cache}"
    note = f"  {escape_line(responded.note)}" if responded.note else ""
    note = click.style(note, fg="red" if status >= 500 else "yellow") if note else ""
    target = escape_line(f"{responded.method} {responded.path}")
    return f"{target} {shown} {click.style(escape_line(size), dim=True)}{note}"


def _logged_line(logged: Logged) -> str:
    more = escape_line(" ".join(f"{name}={value}" for name, value in logged.fields.items()))
    message = f"{logged.level.lower()}: {escape_lines(logged.message)}"
    line = click.style(message, fg=_LEVEL_COLORS.get(logged.level))
    return f"{line}  {click.style(more, dim=True)}" if more else line


def _counted(resources: Mapping[str, str]) -> str:
    """A count for each type: `2 tables, 1 event bus`."""
    names = Counter(_type_words(type_name) for type_name in resources.values())
    return ", ".join(_count(number, name) for name, number in names.items()) or "nothing of infra/"


def _type_words(type_name: str) -> str:
    """The last part of a type in words: `event bus` for `AWS::Events::EventBus`, `DB instance` for `AWS::RDS::DBInstance`."""
    words = re.findall(r"[A-Z][a-z0-9]+|[A-Z]+(?![a-z])", type_name.rpartition("::")[2])
    return " ".join(word if word.isupper() else word.lower() for word in words)


def _milliseconds(value: float) -> str:
    return f"{value:.1f} ms" if value < 100 else f"{value:,.0f} ms"


def _size(value: int) -> str:
    return f"{value:,} B" if value < 10_000 else f"{value / 1024:,.0f} KiB"


def _count(number: int, name: str) -> str:
    several = f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"
    return f"{number:,} {name if number == 1 else several}"


def failure_lines(error: BaseException, root: str) -> Iterator[str]:
    """The error for its author: causes before effects, outermost frames first, the exception last.

    Args:
        error: The exception.
        root: The project's folder. Frames of libraries are left out unless there are no others. An error of edgeroutes names its
            place, so its frames are left out, too.
    """
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if isinstance(error, RouteImportError):  # repeats its cause, with the place
        yield from _frame_lines(cause or error, root)
    else:
        if cause is not None:
            yield from failure_lines(cause, root)
            yield click.style("which led to", dim=True)
        yield from _frame_lines(error, root)
    yield click.style(_error_text(error), fg="red")


def _error_text(error: BaseException) -> str:
    """Type and message. A message of several lines may come from a client, so it must not look like lines of ours."""
    if isinstance(error, EdgeroutesError):
        return escape_lines(str(error))
    first, *more = (part.rstrip("\n") for part in traceback.format_exception_only(error))
    if isinstance(error, SyntaxError):  # the place, the line and the caret, each a part
        return "\n".join(map(escape_lines, (first, *more)))
    return escape_lines("\n".join((first, *more)))


def _frame_lines(error: BaseException, root: str) -> Iterator[str]:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if is_own_file(frame.filename, root)]
    others = [] if isinstance(error, EdgeroutesError) else frames[-3:]
    outermost, left_out, innermost = both_ends(own or others)
    for frame in outermost:
        yield from _code_lines(frame, root)
    if left_out:
        yield click.style(f"  … {left_out:,} more", dim=True)
    for frame in innermost:
        yield from _code_lines(frame, root)


def _code_lines(frame: traceback.FrameSummary, root: str) -> Iterator[str]:
    line = frame.lineno or 1
    place = f"{frame.filename.removeprefix(f'{root}/')}:{line} in {frame.name}"
    yield click.style(f"  {escape_line(place)}", fg="cyan")
    for number in range(max(1, line - _LINES_AROUND), line + _LINES_AROUND + 1):
        source = escape_line(linecache.getline(frame.filename, number).rstrip())
        if source or number == line:
            is_failing = number == line
            code = f"  {'❱' if is_failing else ' '} {number:>4} │ {source}"
            yield click.style(code, bold=is_failing or None, dim=not is_failing or None)
