"""template.yaml under a dev server: current after a save, whole at all times, and left alone where it is somebody else's."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from edgeroutes.dev.server import DevServer
from edgeroutes.dev.template import TemplateKeeper
from edgeroutes.pipeline import check_template, project_template, write_template
from tests.dev.serving import Recorder, until, write_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HELLO = "def GET():\n    return 1\n"
READS = "import os\n\ndef GET():\n    return os.environ.get('STRIPE_KEY')\n"


@contextmanager
def kept(root: Path, *, writes: bool = True) -> Iterator[tuple[TemplateKeeper, Recorder]]:
    recorder = Recorder()
    keeper = TemplateKeeper(root, recorder, writes=writes, quiet_s=0.05)
    keeper.start()
    try:
        yield keeper, recorder
    finally:
        keeper.close()


def messages(recorder: Recorder) -> list[tuple[str, str]]:
    return [(each.level, each.message) for each in recorder.logged]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_files(tmp_path, {"hello": HELLO})
    write_template(tmp_path, project_template(tmp_path).text)
    return tmp_path


def is_current(root: Path) -> bool:
    return check_template(root, project_template(root).text) == []


def test_a_save_brings_the_file_up_to_date(root: Path) -> None:
    with kept(root) as (keeper, recorder):
        write_files(root, {"new": HELLO})
        assert not is_current(root)
        keeper.look()
        until(lambda: is_current(root), "the template")
        until(lambda: ("INFO", "template.yaml is written") in messages(recorder), "the report")


def test_a_broken_project_leaves_the_last_file_and_the_next_save_is_seen(root: Path) -> None:
    before = (root / "template.yaml").read_bytes()
    write_files(root, {"infra/a.yaml": "Resources: [\n"})
    with kept(root) as (keeper, recorder):
        keeper.look()
        write_files(root, {"pay": READS, ".env": "STRIPE_KEY=1\n"})
        assert (root / "template.yaml").read_bytes() == before
        write_files(root, {"infra/a.yaml": "Resources: {Queue: {Type: AWS::SQS::Queue}}\n"})
        keeper.look()
        until(lambda: is_current(root), "the template")
        until(lambda: any(level == "WARNING" for level, _ in messages(recorder)), "the warning")


def test_a_file_that_is_current_is_not_written(root: Path) -> None:
    write_files(root, {"pay": READS, ".env": "STRIPE_KEY=1\n"})
    write_template(root, project_template(root).text)
    before = (root / "template.yaml").stat()
    with kept(root) as (_, recorder):
        until(lambda: messages(recorder), "the warning")
    after = (root / "template.yaml").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    ((level, message),) = messages(recorder)
    assert level == "WARNING"
    assert message.startswith("functions/pay/route.py:4: the variable STRIPE_KEY is read here, and only .env sets it")


def test_a_warning_is_reported_once(root: Path) -> None:
    write_files(root, {"pay": READS, ".env": "STRIPE_KEY=1\n"})
    with kept(root) as (keeper, recorder):
        until(lambda: [level for level, _ in messages(recorder)] == ["INFO", "WARNING"], "the first warning")
        write_files(root, {"other": HELLO})
        keeper.look()
        until(lambda: len(recorder.logged) == 3, "the second template")
    assert [level for level, _ in messages(recorder)] == ["INFO", "WARNING", "INFO"]


@pytest.mark.parametrize("text", ["Resources: {}\n", None])
def test_a_template_of_somebody_else_and_none_at_all_are_left_alone(text: str | None, root: Path) -> None:
    path = root / "template.yaml"
    path.unlink()
    if text is not None:
        path.write_text(text)
    write_files(root, {"pay": READS, ".env": "STRIPE_KEY=1\n"})
    with kept(root) as (_, recorder):
        until(lambda: messages(recorder), "the warning")
    assert (path.read_text() if path.exists() else None) == text


def test_without_leave_nothing_is_written_and_warnings_are_reported_all_the_same(root: Path) -> None:
    before = (root / "template.yaml").read_bytes()
    write_files(root, {"pay": READS, ".env": "STRIPE_KEY=1\n"})
    with kept(root, writes=False) as (_, recorder):
        until(lambda: messages(recorder), "the warning")
    assert (root / "template.yaml").read_bytes() == before


def test_the_dev_server_keeps_the_file_of_its_project(root: Path) -> None:
    recorder = Recorder()
    server = DevServer(root, recorder, port=0, environ={}, template=True)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: recorder.started, "the server")
        write_files(root, {"new": HELLO})
        until(lambda: is_current(root), "the template")
    finally:
        server.stop()
        thread.join(10)
    assert not thread.is_alive()


def test_no_template_is_an_option_of_dev() -> None:
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "edgeroutes", "dev", "--help"], capture_output=True, text=True, check=True
    )
    assert "--no-template" in ran.stdout
