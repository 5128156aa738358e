"""pytest's plugin in projects of users: what it finds, what it leaves alone, what it says."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.testing.projects import HELLO, NOTES, PYPROJECT, outcome, run_pytest, write_project

if TYPE_CHECKING:
    from pathlib import Path

ASKS_NOTES = "def test_notes(client, aws):\n    assert client.get('/notes').json() == ['one']\n"


def test_a_test_that_uses_no_fixture_loads_nothing_of_edgeroutes_but_the_plugin(tmp_path: Path) -> None:
    test = (
        "import sys\n\n\ndef test_it():\n"
        "    loaded = {name for name in sys.modules if name.partition('.')[0] in ('edgeroutes', 'moto', 'boto3')}\n"
        "    assert loaded == {'edgeroutes', 'edgeroutes.names', 'edgeroutes.testing', 'edgeroutes.testing.plugin'}\n"
    )
    done = run_pytest(write_project(tmp_path, {"tests/test_it.py": test}))
    assert outcome(done) == "1 passed", done.stdout


def test_without_a_project_only_a_test_that_needs_one_is_reported(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_plain(): pass\ndef test_asks(client): pass\n")
    done = run_pytest(tmp_path)
    assert outcome(done) == "1 passed, 1 error"
    assert (
        "have no functions/ with routes. Run pytest in the project, or name its folder with --edgeroutes-root"
        in done.stdout
    )
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize("mode", ["prepend", "append", "importlib"])
def test_a_client_is_there_in_every_import_mode(tmp_path: Path, mode: str) -> None:
    test = "def test_it(client):\n    assert client.get('/hello').json() == {'hello': 'world'}\n"
    files = {"functions/hello/route.py": HELLO, "tests/test_it.py": test, "tests/deeper/test_two.py": test}
    done = run_pytest(write_project(tmp_path, files), f"--import-mode={mode}")
    assert outcome(done) == "2 passed", done.stdout


@pytest.mark.parametrize("mode", ["prepend", "append", "importlib"])
@pytest.mark.parametrize("place", [".", "tests", "tests/deeper"])
def test_a_test_imports_the_projects_modules_wherever_pytest_is_started(tmp_path: Path, mode: str, place: str) -> None:
    test = "from lib.prices import price\n\n\ndef test_it():\n    assert price() == 5\n"
    files = {"functions/hello/route.py": HELLO, "lib/prices.py": "def price():\n    return 5\n"}
    write_project(tmp_path, {**files, "pyproject.toml": PYPROJECT, "tests/deeper/test_it.py": test})
    done = run_pytest(tmp_path / place, f"--import-mode={mode}")
    assert outcome(done) == "1 passed", done.stdout


@pytest.mark.parametrize("how", ["option", "setting", "below"])
def test_the_project_is_found_or_named(tmp_path: Path, how: str) -> None:
    test = "def test_it(client):\n    assert client.get('/hello').status_code == 200\n"
    write_project(tmp_path / "services" / "shop", {"functions/hello/route.py": HELLO, "tests/test_it.py": test})
    if how == "below":
        done = run_pytest(tmp_path / "services" / "shop" / "tests")
    else:
        (tmp_path / "test_it.py").write_text(test)
        setting = "edgeroutes_root = services/shop\n" if how == "setting" else ""
        (tmp_path / "pytest.ini").write_text(f"[pytest]\n{setting}")
        done = run_pytest(tmp_path, "test_it.py", *(["--edgeroutes-root=services/shop"] if how == "option" else []))
    assert outcome(done) == "1 passed", done.stdout


def test_eight_workers_share_nothing_but_the_files(tmp_path: Path) -> None:
    test = (
        "import pytest\n\n\n@pytest.mark.parametrize('number', range(20))\n"
        "@pytest.mark.parametrize('adapter', ['rest', 'streaming', 'asgi'])\ndef test_it(client, logs, adapter, number):\n"
        "    assert client.via(adapter).get(f'/hello?name={number}').json() == {'hello': str(number)}\n    assert logs == []\n"
    )
    done = run_pytest(write_project(tmp_path, {"functions/hello/route.py": HELLO, "tests/test_it.py": test}), "-n", "8")
    assert outcome(done) == "60 passed", done.stdout


@pytest.mark.timeout(400)  # each worker loads moto, 4 to 8 seconds of a core's time
def test_each_of_five_workers_has_its_own_aws(tmp_path: Path) -> None:
    test = (
        "import os\nimport pathlib\n\nimport pytest\n\n\n"
        "@pytest.mark.parametrize('number', range(15))\ndef test_it(client, aws, number):\n"
        "    aws.table('Notes').put_item(Item={'id': f'own {number}'})\n"
        "    assert sorted(client.get('/notes').json()) == sorted(['one', f'own {number}'])\n"
        "    pathlib.Path('ran', os.environ['PYTEST_XDIST_WORKER']).touch()\n"
    )
    (tmp_path / "ran").mkdir()
    done = run_pytest(write_project(tmp_path, {**NOTES, "tests/test_it.py": test}), "-n", "5")
    assert (outcome(done), len([*(tmp_path / "ran").iterdir()])) == ("15 passed", 5), done.stdout


def test_a_failing_test_shows_request_response_and_log(tmp_path: Path) -> None:
    files = {
        "functions/orders/route.py": (
            "from edgeroutes import logger\n\n\ndef POST(item: str):\n    logger.info('ordering')\n    raise LookupError(item)\n"
        ),
        "tests/test_it.py": (
            "def test_it(client):\n    client.debug = False\n"
            "    assert client.post('/orders?item=pen', json={'a': 1}).status_code == 200\n"
        ),
    }
    done = run_pytest(write_project(tmp_path, files))
    assert outcome(done) == "1 failed"
    _, _, section = done.stdout.partition(" edgeroutes request 1: POST /orders?item=pen → 500 ")
    lines = section.splitlines()
    assert lines[1:6] == [
        "> Host: testserver",
        "> Content-Type: application/json",
        '{"a": 1}',
        "< content-type: application/problem+json",
        "< cache-control: private, no-store",
    ]
    assert json.loads(lines[6])["title"] == "Internal Server Error"
    assert lines[7:9] == ["--- log", lines[8]]
    assert lines[8].startswith("INFO ordering {")
    assert "LookupError: pen" in lines


def test_a_function_that_misses_what_only_aws_sets_is_reported_of_the_fixture(tmp_path: Path) -> None:
    test = "def test_it(client):\n    assert client.get('/notes').status_code == 200\n"
    done = run_pytest(write_project(tmp_path, {**NOTES, "tests/test_it.py": test}))
    assert outcome(done) == "1 failed"
    assert "--- set only in tests with the fixture aws: NOTES\n" in done.stdout


def test_what_is_wrong_with_the_project_is_reported_without_a_traceback_of_ours(tmp_path: Path) -> None:
    files = {"functions/[id/route.py": HELLO, "tests/test_it.py": "def test_it(client): pass\n"}
    done = run_pytest(write_project(tmp_path, files))
    assert outcome(done) == "1 error"
    assert "functions/[id/route.py: segment '[id' has no closing bracket. Name the folder '[id]'." in done.stdout
    assert "plugin.py" not in done.stdout


def test_a_reference_to_nothing_is_named(tmp_path: Path) -> None:
    files = {**NOTES, "functions/notes/function.yaml": "Environment: {Variables: {NOTES: !Ref Notez}}\n"}
    done = run_pytest(write_project(tmp_path, {**files, "tests/test_it.py": ASKS_NOTES}))
    assert outcome(done) == "1 error"
    assert "Notez" in done.stdout
    assert "plugin.py" not in done.stdout
    assert "the above exception" not in done.stdout.lower()


def test_a_type_that_moto_lacks_is_warned_of_once_and_keeps_nobody(tmp_path: Path) -> None:
    files = {
        **NOTES,
        "pyproject.toml": PYPROJECT.replace('filterwarnings = ["error"]\n', ""),
        "infra/queue.yaml": "Resources: {Media: {Type: AWS::MediaConvert::Queue}}\n",
        "tests/test_it.py": ASKS_NOTES + ASKS_NOTES.replace("test_notes", "test_again"),
    }
    done = run_pytest(write_project(tmp_path, files))
    assert outcome(done) == "2 passed, 1 warning", done.stdout
    assert "CloudWarning: Media: moto has no AWS::MediaConvert::Queue" in done.stdout


def test_without_moto_the_extra_is_named(tmp_path: Path) -> None:
    hide = "import sys\n\nsys.modules['moto'] = None\n"
    root = write_project(tmp_path, {**NOTES, "tests/conftest.py": hide, "tests/test_it.py": ASKS_NOTES})
    done = run_pytest(root)
    assert outcome(done) == "1 error"
    assert "aws: moto is not installed. pip install 'edgeroutes[testing]'." in done.stdout


def test_nothing_of_a_test_is_left_behind(tmp_path: Path) -> None:
    files = {
        "functions/[[...path]]/route.py": (
            "import os\nfrom contextlib import asynccontextmanager\n\nfrom starlette.applications import Starlette\n"
            "from starlette.responses import PlainTextResponse\nfrom starlette.routing import Route\n\n\n"
            "@asynccontextmanager\nasync def lifespan(app):\n    print('started')\n    yield\n    print('ended')\n\n\n"
            "async def change(request):\n    os.environ['LEFT'] = 'behind'\n    return PlainTextResponse(os.environ['OWN'])\n\n\n"
            "app = Starlette(routes=[Route('/change', change)], lifespan=lifespan)\n"
        ),
        "functions/[[...path]]/function.yaml": "Environment: {Variables: {OWN: yes-it-is}}\n",
        "tests/test_it.py": (
            "import os\nimport socket\nimport sys\nimport pytest\n\nkept = dict(os.environ)\nlooked = socket.getaddrinfo\nended = []\n\n\n"
            "@pytest.mark.parametrize('adapter', ['rest', 'streaming', 'asgi'])\n"
            "def test_one(client, adapter, logs):\n    assert client.via(adapter).get('/change').text == 'yes-it-is'\n"
            "    assert logs == [{'message': 'started'}]\n    ended.append(client)\n\n\n"
            "def test_two():\n    here = {name: value for name, value in os.environ.items() if name != 'PYTEST_CURRENT_TEST'}\n"
            "    before = {name: value for name, value in kept.items() if name != 'PYTEST_CURRENT_TEST'}\n"
            "    assert (here, socket.getaddrinfo) == (before, looked)\n    assert type(sys.stdout).__name__ != '_Tee'\n"
            "    assert len(ended) == 3\n"
        ),
    }
    done = run_pytest(write_project(tmp_path, files), "-s")
    assert re.search(r"\b4 passed", done.stdout), done.stdout
    assert done.stdout.count("started") == done.stdout.count("ended") == 3


def test_dotenv_files_win_over_the_settings_and_the_test_over_both(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": PYPROJECT + '[tool.edgeroutes.env]\nONE = "settings"\nTWO = "settings"\nTHREE = "settings"\n',
        ".env": "TWO=file\nTHREE=file\n",
        "functions/hello/route.py": "import os\n\n\ndef GET():\n    return [os.environ[name] for name in ('ONE', 'TWO', 'THREE')]\n",
        "tests/test_it.py": (
            "def test_it(client, monkeypatch):\n    monkeypatch.setenv('THREE', 'test')\n"
            "    assert client.get('/hello').json() == ['settings', 'file', 'test']\n"
        ),
    }
    done = run_pytest(write_project(tmp_path, files), environ={"ONE": "shell", "TWO": "shell"})
    assert outcome(done) == "1 passed", done.stdout
