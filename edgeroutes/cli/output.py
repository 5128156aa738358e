r"""Output of commands: untrusted text (clients, exceptions, file names, servers) without control characters, and JSON values.

An escape sequence can clear the screen, set the title or write the clipboard; a line feed can forge a line of the log; a bidirectional
override can reorder text. They are shown as Python writes them, `\x1b`.
"""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeroutes.errors import Problem

# C0 without tab and line feed, DEL, C1, line and paragraph separators, marks and overrides of direction, lone surrogates.
# Source: ECMA-48 §5.2-5.3; unicode.org/reports/tr9 §2, read 2026-11-30.
_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff"
_UNSAFE = re.compile(f"[{_CONTROLS}]")
_UNSAFE_IN_LINE = re.compile(f"[\n{_CONTROLS}]")
# Sequences of our own on a terminal: colors, and the removal of a progress line.
_OWN_SEQUENCE = re.compile("(^\r\x1b\\[K|\x1b\\[[0-9;]*m)")


def escape(text: str) -> str:
    r"""The text with its control characters as `\x1b`; tabs and line feeds stay."""
    return _UNSAFE.sub(_escaped, text)


def escape_line(text: str) -> str:
    r"""The text in one line: a line feed is `\n` as well."""
    return _UNSAFE_IN_LINE.sub(_escaped, text)


def escape_lines(text: str) -> str:
    """The text with a bar before each line but the first, so that none looks like a line of ours."""
    return escape(text).replace("\n", "\n  │ ")


def _escaped(found: re.Match[str]) -> str:
    return repr(found[0])[1:-1]


@contextmanager
def escaped_output() -> Iterator[None]:
    """Escape standard output and standard error in the block; colors on a terminal stay."""
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast("TextIO", EscapedStream(stream)) for stream in streams)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams


class EscapedStream:
    """A text stream that escapes its input.

    Args:
        stream: The destination.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()

    def write(self, text: str) -> int:
        if not self._is_terminal:
            self._stream.write(escape(text))
        else:
            pieces = _OWN_SEQUENCE.split(text)
            self._stream.write("".join(piece if index % 2 else escape(piece) for index, piece in enumerate(pieces)))
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def problem_document(problem: Problem) -> dict[str, str]:
    return {"kind": type(problem).__name__, "where": problem.where, "problem": problem.problem, "hint": problem.hint}
