"""Brings template.yaml of a project up to date, in a process of its own: it costs more than a request may wait for. Floor 3."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from edgeroutes.errors import EdgeroutesError
from edgeroutes.names import TEMPLATE_FILE
from edgeroutes.pipeline import is_generated, project_template, write_template


def update_template(root: Path, *, writes: bool) -> dict[str, Any]:
    """What was done, and the template's warnings. A project that cannot be deployed leaves the file that is there.

    Args:
        root: The project's folder.
        writes: Whether to write the file, where it is one that edgeroutes has made.
    """
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
    sys.stdout.write(json.dumps(update_template(Path(sys.argv[1]), writes=sys.argv[2] == "write")))
