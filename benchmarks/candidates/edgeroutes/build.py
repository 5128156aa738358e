"""Puts the package of this repository into the task's folder: the bench runs it as `build.py UV PYTHON TASK_DIR`."""

import subprocess
import sys
from pathlib import Path

UV, PYTHON, TASK = sys.argv[1:4]
REPOSITORY = Path(__file__).resolve().parents[3]

subprocess.run(
    [UV, "pip", "install", "--quiet", "--no-deps", "--python", PYTHON, "--target", TASK, str(REPOSITORY)],
    check=True,
    stdout=sys.stderr,
)
metadata = next(Path(TASK).glob("edgeroutes-*.dist-info"))
print("edgeroutes==" + metadata.name.removeprefix("edgeroutes-").removesuffix(".dist-info"))
