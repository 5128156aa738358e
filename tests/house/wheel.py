"""What users install, as it is built."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def build_wheel(folder: Path) -> Path:
    """The wheel of this repository, built into an empty folder."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    (built,) = folder.iterdir()
    return built
