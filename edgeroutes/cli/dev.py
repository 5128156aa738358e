"""`edgeroutes dev`. Roof; what it serves is `dev/`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeroutes.cli import DONE
from edgeroutes.cli.terminal import JsonLines, Terminal
from edgeroutes.dev.server import DevServer

if TYPE_CHECKING:
    from pathlib import Path


def serve(root: Path, *, host: str, port: int, with_cdn: bool, aws: bool, as_json: bool) -> int:
    """Serve until Ctrl-C.

    Raises:
        ProjectError: For a project that cannot be read at all.
        ToolError: When the port is taken.
    """
    report = JsonLines() if as_json else Terminal(root)
    DevServer(root, report, host=host, port=port, cdn=with_cdn, aws=aws).run()
    return DONE
