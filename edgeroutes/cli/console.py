"""rich's console, as all commands use it. Roof; loaded by the commands that print more than lines."""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from edgeroutes.cli.escaping import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

# What is no terminal has no width: no line of a log or a pipe is broken.
_UNBROKEN = 10_000


def make_console(stream: IO[str] | None = None) -> Console:
    """A console as wide as the terminal that the stream leads to. It reads no markup, and shows control characters escaped."""
    file = stream or sys.stdout
    width = None if file.isatty() else _UNBROKEN
    return _EscapingConsole(file=file, width=width, highlight=False, emoji=False, markup=False)


class _EscapingConsole(Console):
    """Escapes whatever is rendered, before styles become escape sequences."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """The segments of what is printed."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(escape(segment.text), segment.style)

    def on_broken_pipe(self) -> None:
        """Whoever read the output has left: rich itself would end the process, which a server must outlive."""
        raise BrokenPipeError
