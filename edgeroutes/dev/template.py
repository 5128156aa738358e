"""Updates template.yaml while the project changes, and reports its warnings.

A thread waits until saves have come to rest, then starts this module as a process: requests and reloads do not wait for it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeroutes.dev.reports import Logged
from edgeroutes.errors import EdgeroutesError

if TYPE_CHECKING:
    from edgeroutes.dev.reports import Reporter


# How long no file must have been saved.
_QUIET_S = 0.4


class TemplateKeeper:
    """The template of a project under a dev server.

    Args:
        root: The project's folder.
        report: Gets a line when the file was written, and each warning once.
        writes: Whether to write the file at all.
        quiet_s: How long no file must have been saved.
    """

    def __init__(self, root: Path, report: Reporter, *, writes: bool, quiet_s: float = _QUIET_S) -> None:
        self._root = root
        self._report = report
        self._mode = "write" if writes else "look"
        self._quiet_s = quiet_s
        self._reported: set[str] = set()
        self._has_changed = threading.Event()
        self._closing = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._work, name="edgeroutes-template", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._has_changed.set()

    def look(self) -> None:
        """Note that something was saved."""
        self._has_changed.set()

    def close(self) -> None:
        """Stop; a running process is ended, and leaves the file whole."""
        self._closing.set()
        self._has_changed.set()
        process = self._process
        if process is not None:
            process.kill()
        self._thread.join(2)

    def _work(self) -> None:
        while not self._closing.is_set():
            self._has_changed.wait()
            while not self._closing.is_set() and self._has_changed.is_set():
                self._has_changed.clear()
                self._has_changed.wait(self._quiet_s)
            if not self._closing.is_set():
                self._report_result(self._run())

    def _run(self) -> dict[str, Any]:
        command = [sys.executable, "-P", "-m", "edgeroutes.dev.template", str(self._root), self._mode]
        try:
            self._process = subprocess.Popen(  # noqa: S603
                command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True
            )
            if self._closing.is_set():
                self._process.kill()
            output, _ = self._process.communicate()
            found: dict[str, Any] = json.loads(output)
        except (OSError, ValueError):  # it was ended, or could not start
            return {}
        return found

    def _report_result(self, found: dict[str, Any]) -> None:
        if found.get("written"):
            self._report(Logged(level="INFO", message="template.yaml is written"))
        warnings = found.get("warnings")
        if warnings is None:
            return
        for warning in warnings:
            if warning not in self._reported:
                self._report(Logged(level="WARNING", message=warning))
        self._reported = set(warnings)


def _update_template(root: Path, *, writes: bool) -> dict[str, Any]:
    """What was done, and the template's warnings. A project with problems leaves the file as it is.

    Args:
        root: The project's folder.
        writes: Whether to write the file, where edgeroutes has generated it.
    """
    from edgeroutes.names import TEMPLATE_FILE
    from edgeroutes.pipeline import is_generated, project_template, write_template

    try:
        template = project_template(root)
        is_written = writes and is_generated(root / TEMPLATE_FILE) and write_template(root, template.text)
    except EdgeroutesError as error:
        return {"problem": str(error)}
    return {"written": is_written, "warnings": [str(warning) for warning in template.warnings]}


if __name__ == "__main__":
    if hasattr(os, "nice"):
        with suppress(OSError):
            os.nice(10)
    sys.stdout.write(json.dumps(_update_template(Path(sys.argv[1]), writes=sys.argv[2] == "write")))
