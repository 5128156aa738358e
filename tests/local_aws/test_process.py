"""The moto server in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from edgeroutes.errors import ToolError
from edgeroutes.local_aws.process import MotoProcess
from edgeroutes.local_aws.stack import Cloud

if TYPE_CHECKING:
    from collections.abc import Iterator

QUEUE = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoProcess]:
    with MotoProcess() as moto:
        yield moto
        moto.stop()
    assert not moto.is_running


def test_what_is_made_in_it_stays_for_the_next_client(moto: MotoProcess) -> None:
    Cloud(moto.url).put(QUEUE)
    assert not moto.ensure()
    later = Cloud(moto.url)
    later.read()
    later.client("sqs").send_message(QueueUrl=later.resources["Queue"].physical_id, MessageBody="hello")


def test_one_that_died_is_started_again_at_the_same_address_and_is_empty(moto: MotoProcess) -> None:
    url = moto.url
    Cloud(url).put(QUEUE)
    os.kill(pid_of(moto), signal.SIGKILL)
    while moto.is_running:
        time.sleep(0.01)
    assert moto.ensure()
    assert (moto.url, Cloud(url).exists()) == (url, False)


def test_a_taken_port_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ToolError) as caught:
            MotoProcess(port).ensure()
    said = str(caught.value)
    assert said.startswith(f"127.0.0.1:{port}: the moto server does not start:")
    assert said.endswith("End what listens there, or choose another port.")


def test_it_ends_with_whoever_started_it() -> None:
    """A parent that is killed closes nothing by itself; its end of the pipe is closed all the same."""
    code = (
        "import sys; from edgeroutes.local_aws.process import MotoProcess\n"
        "moto = MotoProcess(); moto.ensure(); print(moto.port, flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with parent:
        assert parent.stdout is not None
        address = ("127.0.0.1", int(parent.stdout.readline()))
        socket.create_connection(address).close()
        parent.kill()
    while is_listening(address):
        time.sleep(0.05)


def is_listening(address: tuple[str, int]) -> bool:
    with socket.socket() as client:
        return client.connect_ex(address) == 0


def test_stopping_what_does_not_run_is_fine() -> None:
    moto = MotoProcess()
    moto.stop()
    assert not moto.is_running


def pid_of(moto: MotoProcess) -> int:
    assert moto._running is not None
    return moto._running.pid


def test_the_module_serves_on_a_port_until_its_input_ends() -> None:
    command = [sys.executable, "-m", "edgeroutes.local_aws.server", '{"port": 0}']
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert json.loads(running.stdout.readline()) == {"is_ready": True}
        running.communicate()
    assert running.returncode == 0
