"""Puts edgeroutes into the task's folder as a bundle has it: the bench runs it as `build.py UV PYTHON TASK_DIR`, after `make dev`."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

UV, PYTHON, TASK = sys.argv[1:4]
CANDIDATE = Path(__file__).resolve().parent
REPOSITORY = CANDIDATE.parents[2]
VERSION = "import sys; print('python%d.%d' % sys.version_info[:2])"

runtime = subprocess.run([PYTHON, "-c", VERSION], check=True, text=True, stdout=subprocess.PIPE).stdout.strip()
with tempfile.TemporaryDirectory() as folder:
    shutil.copytree(CANDIDATE / "functions", Path(folder, "functions"))
    settings = f'[tool.edgeroutes]\nruntime = "{runtime}"\nisolate = "bench"\n'
    Path(folder, "pyproject.toml").write_text(settings)
    bundle = Path(folder, "bundle")
    command = [REPOSITORY / ".venv/bin/edgeroutes", "bundle", "BenchGroupFunction", "--root", folder, "--to", bundle]
    path = f"{Path(UV).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(command, check=True, stdout=sys.stderr, env={**os.environ, "PATH": path})
    shutil.copytree(bundle / "edgeroutes", Path(TASK, "edgeroutes"))
version = (REPOSITORY / "edgeroutes/_version.py").read_text().split('__version__ = "')[1].partition('"')[0]
print(f"edgeroutes=={version}")
