"""What nobody caught, for people: the author's own lines of the traceback, with the code around them. Roof."""

from __future__ import annotations

import linecache
import traceback
from typing import IO, TYPE_CHECKING

from rich.text import Text

from edgeroutes.cli.console import make_console
from edgeroutes.cli.escaping import escape_line, escape_lines
from edgeroutes.dev.reports import is_reported
from edgeroutes.errors import EdgeroutesError, RouteImportError
from edgeroutes.runtime.failures import both_ends
from edgeroutes.runtime.loader import is_own_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeroutes.dev.reports import Failed

_LINES_AROUND = 2


def print_failure(failed: Failed, root: str, stream: IO[str]) -> None:
    """Print what was raised; colours only on a terminal."""
    console = make_console(stream)
    console.print(Text(escape_lines(failed.message), style="bold red"), soft_wrap=True)
    if failed.is_repeated or is_reported(failed.error):
        console.print(Text(f"{_message(failed.error)} (traceback above)", style="red"), soft_wrap=True)
        return
    for line in failure_lines(failed.error, root):
        console.print(line, soft_wrap=True)


def failure_lines(error: BaseException, root: str) -> Iterator[Text]:
    """The error as its author can use it: causes before effects, frames outermost first, what was raised last.

    Args:
        error: What was raised.
        root: The project's folder. Frames of libraries are left out, unless there are no others; what edgeroutes itself
            raises says where, so its own frames never help.
    """
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if isinstance(error, RouteImportError):  # says what its cause says, and where
        yield from _frame_lines(cause or error, root)
    else:
        if cause is not None:
            yield from failure_lines(cause, root)
            yield Text("which led to", style="dim")
        yield from _frame_lines(error, root)
    yield Text(_message(error), style="red")


def _message(error: BaseException) -> str:
    """Type and text; a text of several lines may be a client's, and cannot pass for lines of ours."""
    if isinstance(error, EdgeroutesError):
        return escape_lines(str(error))
    first, *more = (part.rstrip("\n") for part in traceback.format_exception_only(error))
    if isinstance(error, SyntaxError):  # the place, the line and the caret, each a part
        return "\n".join(map(escape_lines, (first, *more)))
    return escape_lines("\n".join((first, *more)))


def _frame_lines(error: BaseException, root: str) -> Iterator[Text]:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if is_own_file(frame.filename, root)]
    others = [] if isinstance(error, EdgeroutesError) else frames[-3:]
    outermost, left_out, innermost = both_ends(own or others)
    for frame in outermost:
        yield from _code_lines(frame, root)
    if left_out:
        yield Text(f"  … {left_out:,} more", style="dim")
    for frame in innermost:
        yield from _code_lines(frame, root)


def _code_lines(frame: traceback.FrameSummary, root: str) -> Iterator[Text]:
    line = frame.lineno or 1
    place = f"{frame.filename.removeprefix(f'{root}/')}:{line} in {frame.name}"
    yield Text(f"  {escape_line(place)}", style="cyan")
    for number in range(max(1, line - _LINES_AROUND), line + _LINES_AROUND + 1):
        source = escape_line(linecache.getline(frame.filename, number).rstrip())
        if source or number == line:
            yield Text(
                f"  {'❱' if number == line else ' '} {number:>4} │ {source}",
                style="bold" if number == line else "dim",
            )
