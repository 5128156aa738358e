"""What users install: built, unpacked into an empty environment, and run without the source tree."""

from __future__ import annotations

import json
import subprocess
import venv
import zipfile
from pathlib import Path

import pytest

from edgeroutes._version import __version__
from tests.house.wheel import build_wheel

ROOT = Path(__file__).parents[2]

PROGRAM = """
import json, sys
import edgeroutes
from edgeroutes.adapters.proxy import LambdaHandler
from edgeroutes.runtime.manifest import Manifest, ManifestRoute

routes = [ManifestRoute("/users/[id]", "functions/users/[id]/route.py", needs_loop=False)]
handler = LambdaHandler(Manifest(routes), sys.argv[1])
event = {"httpMethod": "GET", "path": "/users/7", "headers": {}, "requestContext": {}, "body": None, "isBase64Encoded": False}
print(json.dumps([edgeroutes.__version__, edgeroutes.__file__, handler(event, None)]))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("dist"))


def test_the_wheel_is_the_package_and_its_metadata(wheel: Path) -> None:
    assert wheel.name == f"edgeroutes-{__version__}-py3-none-any.whl"
    package = [
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "edgeroutes").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    ]
    metadata = ["METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"]
    expected = [*package, *(f"edgeroutes-{__version__}.dist-info/{name}" for name in metadata)]
    assert "edgeroutes/py.typed" in expected
    assert sorted(zipfile.ZipFile(wheel).namelist()) == sorted(expected)


def test_a_hello_runs_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    """No dependency is there either: what a hello needs is in the wheel and in Python."""
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=False, symlinks=True)
    (packages,) = environment.glob("lib/python3.*/site-packages")
    zipfile.ZipFile(wheel).extractall(packages)
    route = tmp_path / "functions" / "users" / "[id]" / "route.py"
    route.parent.mkdir(parents=True)
    route.write_text(
        "from edgeroutes import Response\n\nasync def GET(id: int):\n    return Response.json({'id': id})\n"
    )

    command = [environment / "bin" / "python", "-I", "-c", PROGRAM, str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    version, file, result = json.loads(done.stdout)
    assert version == __version__
    assert Path(file) == packages / "edgeroutes" / "__init__.py"
    assert (result["statusCode"], result["body"]) == (200, '{"id":7}')
