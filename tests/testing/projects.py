"""Projects on disk whose tests are run by a pytest of their own, as users run theirs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PYPROJECT = '[project]\nname = "shop"\nversion = "1"\n[tool.pytest.ini_options]\nfilterwarnings = ["error"]\n'
HELLO = "def GET(name: str = 'world'):\n    return {'hello': name}\n"
NOTES = {
    "functions/notes/route.py": (
        "import os\nimport boto3\n\ntable = boto3.resource('dynamodb').Table(os.environ['NOTES'])\n\n\n"
        "def GET():\n    return [item['id'] for item in table.scan()['Items']]\n"
    ),
    "functions/notes/function.yaml": "Environment: {Variables: {NOTES: !Ref Notes}}\n",
    "infra/notes.yaml": (
        "Resources:\n  Notes:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      BillingMode: PAY_PER_REQUEST\n"
        "      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]\n"
        "      KeySchema: [{AttributeName: id, KeyType: HASH}]\n"
    ),
    "infra/seed/notes.yaml": "Notes: [{id: one}]\n",
}


def write_project(root: Path, files: Mapping[str, str]) -> Path:
    """A project of these files, with a pyproject.toml where they have none."""
    for name, text in {"pyproject.toml": PYPROJECT, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def run_pytest(
    folder: Path, *options: str, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """pytest in a folder, in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    environment = {**os.environ, **(environ or {})}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # to compile moto anew each time takes seconds
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def outcome(done: subprocess.CompletedProcess[str]) -> str:
    """What pytest says in its last line, without the time."""
    lines = [line for line in done.stdout.splitlines() if re.search(r" in [\d.:]+s", line)]
    return re.sub(r" in [\d.:]+s.*", "", lines[-1]).strip("= ") if lines else done.stdout + done.stderr
