"""rich's console, as all commands use it. Roof; loaded by the commands that print more than lines."""

from __future__ import annotations

import sys
from typing import IO

from rich.console import Console

# What is no terminal has no width: no line of a log or a pipe is broken.
_UNBROKEN = 10_000


def make_console(stream: IO[str] | None = None) -> Console:
    """A console as wide as the terminal that the stream leads to."""
    file = stream or sys.stdout
    return Console(file=file, width=None if file.isatty() else _UNBROKEN, highlight=False, emoji=False)
