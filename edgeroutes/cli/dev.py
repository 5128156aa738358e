"""`edgeroutes dev`; the server is in `dev/`."""

from __future__ import annotations

import faulthandler
import os
import sys
from contextlib import contextmanager, nullcontext, suppress
from typing import IO, TYPE_CHECKING

from edgeroutes.cli import DONE
from edgeroutes.cli.terminal import JsonLines, Terminal
from edgeroutes.dev.isolation import exits_contained
from edgeroutes.dev.keys import keys, open_browser
from edgeroutes.dev.server import DevServer
from edgeroutes.dev.workers import HAS_WORKERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from edgeroutes.dev.reports import Report, Reporter


def serve(
    root: Path, *, host: str, port: int | None, with_cdn: bool, aws: bool, writes_template: bool, as_json: bool
) -> int:
    """Serve until Ctrl-C."""
    # A crash in C code prints its traceback.
    with suppress(OSError, ValueError, AttributeError):
        faulthandler.enable()
    with _own_output() as output, exits_contained():
        report = JsonLines(output) if as_json else Terminal(root, output)
        reporter = _while_read(report, output)
        server = DevServer(
            root,
            reporter,
            host=host,
            port=port,
            cdn=with_cdn,
            aws=aws,
            template=writes_template,
            workers=HAS_WORKERS,
        )
        with keys(_actions(server, output)) if not as_json else nullcontext(False) as has_keys:
            if isinstance(report, Terminal):
                report.has_keys = has_keys
            server.run()
    return DONE


def _actions(server: DevServer, output: IO[str]) -> dict[str, Callable[[], None]]:
    def show() -> None:
        if not open_browser(server.url):
            print(f"open {server.url}", file=output)

    return {"o": show, "c": server.clear_cache, "q": server.stop}


@contextmanager
def _own_output() -> Iterator[IO[str]]:
    """Standard output under its own descriptor: handlers may close or replace `sys.stdout`."""
    try:
        descriptor = os.dup(sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):  # a replacement that is not a file
        yield sys.stdout
        return
    # Buffered by line, as the handlers' output is. A character that the terminal's encoding lacks is not an error.
    output = open(descriptor, "w", encoding=sys.stdout.encoding, errors="backslashreplace", buffering=1)  # noqa: PTH123, SIM115
    try:
        yield output
    finally:
        with suppress(OSError):  # its reader has left
            output.close()


def _while_read(report: Reporter, output: IO[str]) -> Reporter:
    r"""The reporter until the reader of the output has left (`edgeroutes dev \| head`); the server continues without it."""
    is_read = True

    def write(each: Report) -> None:
        nonlocal is_read
        if is_read and not output.closed:
            try:
                report(each)
            except BrokenPipeError:
                is_read = False
                _discard(output)

    return write


def _discard(output: IO[str]) -> None:
    """Redirect the output, and what handlers print, to nowhere: a `print` into a broken pipe would fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (output, sys.stdout):
        with suppress(OSError, ValueError, AttributeError):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
