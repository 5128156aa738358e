"""The moto server in a process of its own; who may call it, through its socket: DNS rebinding and pages of other sites."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from edgeroutes.errors import ToolError
from edgeroutes.local_aws.server import MotoProcess
from edgeroutes.local_aws.stack import Cloud

if TYPE_CHECKING:
    from collections.abc import Iterator


SECRET = {"Resources": {"Key": {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "s3cr3t"}}}}
LIST = {
    "x-amz-target": "secretsmanager.ListSecrets",
    "content-type": "application/x-amz-json-1.1",
    "authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=0",
}
EVIL = "https://evil.example"


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoProcess]:
    with MotoProcess(hosts=["relay.test"]) as moto:
        Cloud(moto.url).put(SECRET)
        yield moto


def ask(moto: MotoProcess, method: str = "POST", path: str = "/", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.request(method, moto.url + path, headers={**LIST, **named}, content=b"{}", trust_env=False)


def raw(moto: MotoProcess, head: str) -> bytes:
    with socket.create_connection(("127.0.0.1", moto.port)) as client:
        lines = "".join(f"{name}: {value}\r\n" for name, value in LIST.items())
        client.sendall(f"{head}{lines}content-length: 2\r\n\r\n{{}}".encode("latin-1"))
        received = b""
        while piece := client.recv(65536):
            received += piece
        return received


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:80",
        "EVIL.example.",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "localhost:80.evil.example",
        "localhost@evil.example",
        "evil.example@localhost",
        "localhost,evil.example",
        "localhost evil.example",
        "localhost/evil.example",
        "127.0.0.1:99999999",
        "[::1].evil.example",
        "[fe80::1]",
        "192.168.1.5",
        "2130706433",
        "s3.amazonaws.com",
        "localhost\x00",
        "localhost\xa0",
        "..localhost..",
        "",
        "x" * 5000,
    ],
)
def test_a_foreign_host_gets_nothing(moto: MotoProcess, host: str) -> None:
    received = raw(moto, f"POST / HTTP/1.1\r\nHost: {host}\r\n")
    assert received.split(b" ")[1] in (b"403", b"400"), received
    assert b"SecretList" not in received


@pytest.mark.parametrize(
    "head",
    [
        "POST / HTTP/1.1\r\n",
        "POST / HTTP/1.0\r\n",
        "POST http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n",
        "POST http://localhost/ HTTP/1.1\r\nHost: evil.example\r\n",
        "POST / HTTP/1.1\r\nHost: evil.example\r\nHost: localhost\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n",
        "POST / HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: localhost\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Host: evil.example\r\n",
    ],
)
def test_no_other_part_of_a_request_stands_in_for_the_host(moto: MotoProcess, head: str) -> None:
    received = raw(moto, head)
    assert received.split(b" ")[1] == b"403", received
    assert b"SecretList" not in received


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LocalHost:4100",
        "localhost.",
        "bucket.localhost:80",
        "[::1]:80",
        "127.1.2.3",
        "relay.test:9",
    ],
)
def test_this_machine_is_served(moto: MotoProcess, host: str) -> None:
    assert b"SecretList" in raw(moto, f"POST / HTTP/1.1\r\nHost: {host}\r\n")


@pytest.mark.parametrize("path", ["/", "/moto-api/reset", "/moto-api/data.json", "/moto-api/", "/bucket/key"])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": EVIL},
        {"origin": "null"},
        {"origin": "http://localhost.evil.example"},
        {"origin": "file://"},
        {"origin": ""},
        {"origin": EVIL, "sec_fetch_site": "cross-site"},
        {"origin": EVIL, "sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"},
        {"sec_fetch_site": "cross-site", "referer": EVIL},
        {"referer": EVIL},
    ],
)
def test_a_page_of_another_site_reads_and_changes_nothing(
    moto: MotoProcess, headers: dict[str, str], path: str
) -> None:
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"):
        asks = {"access_control_request_method": "POST"} if method == "OPTIONS" else {}
        response = ask(moto, method, path, **headers, **asks)
        assert response.status_code == 403, (method, headers)
        assert not [name for name in response.headers if name.startswith("access-control-")]
    assert [each["Name"] for each in ask(moto).json()["SecretList"]]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://localhost:3000", "sec_fetch_site": "cross-site"},
        {"origin": "http://127.0.0.1:3000", "sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "cross-site", "referer": "http://localhost:3000/page"},
    ],
)
def test_programs_and_pages_of_this_machine_are_served(moto: MotoProcess, headers: dict[str, str]) -> None:
    response = ask(moto, **headers)
    assert len(response.json()["SecretList"]) == 1
    if "origin" in headers:
        assert response.headers["access-control-allow-origin"] == headers["origin"]


def test_a_page_of_this_machine_uploads_with_a_presigned_url(moto: MotoProcess) -> None:
    s3 = Cloud(moto.url).client("s3")
    s3.create_bucket(Bucket="uploads")
    url = s3.generate_presigned_url("put_object", Params={"Bucket": "uploads", "Key": "a", "ContentType": "text/plain"})
    assert urlsplit(url).hostname == "127.0.0.1"
    page = {"origin": "http://localhost:3000", "sec-fetch-site": "cross-site"}
    asks = {**page, "access-control-request-method": "PUT", "access-control-request-headers": "content-type"}
    preflight = httpx.options(url, headers=asks, trust_env=False)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == page["origin"]
    assert (
        httpx.put(url, headers={**page, "content-type": "text/plain"}, content=b"hello", trust_env=False).status_code
        == 200
    )
    assert s3.get_object(Bucket="uploads", Key="a")["Body"].read() == b"hello"
    evil = httpx.put(url, headers={"origin": EVIL}, content=b"evil", trust_env=False)
    assert evil.status_code == 403
    assert s3.get_object(Bucket="uploads", Key="a")["Body"].read() == b"hello"


QUEUE = {"Resources": {"Jobs": {"Type": "AWS::SQS::Queue"}}}


class Held:
    """A server that holds requests, and what waits for it."""

    def __init__(self) -> None:
        self.waits: list[str] = []
        self.moto = MotoProcess(on_wait=self.waits.append)
        self.moto.listen()

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.moto.url,
            region_name="us-east-1",
            aws_access_key_id="edgeroutes",
            aws_secret_access_key="edgeroutes",
        )


@pytest.fixture(scope="module")
def held() -> Iterator[Held]:
    held = Held()
    yield held
    held.moto.stop()


def in_thread(call: Any) -> tuple[threading.Thread, list[Any]]:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(call()))
    thread.start()
    return thread, found


def until(is_so: Any) -> None:
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_call_before_the_server_runs_waits_and_is_named_and_the_dev_servers_own_calls_do_not_wait(held: Held) -> None:
    thread, found = in_thread(lambda: held.client("dynamodb").list_tables()["TableNames"])
    held.moto.ensure()
    cloud = Cloud(held.moto.url)
    cloud.put(QUEUE)
    until(lambda: held.waits)
    assert (held.waits, found) == (["dynamodb ListTables"], [])
    held.moto.set_state("open")
    thread.join(30)
    assert found == [[]]


def test_a_call_while_resources_change_waits_also_on_a_connection_that_is_open(held: Held) -> None:
    held.moto.ensure()
    held.moto.set_state("open")
    client = held.client("sqs")
    client.list_queues()
    held.moto.set_state("held")
    held.waits.clear()
    thread, found = in_thread(client.list_queues)
    while not thread.join(0.5) and not thread.is_alive():  # the server had not read yet that it holds requests
        thread, found = in_thread(client.list_queues)
    until(lambda: held.waits)
    time.sleep(0.2)
    assert (held.waits, found) == (["sqs ListQueues"], [])
    held.moto.set_state("open")
    thread.join(30)
    assert found[0]["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize(
    ("service", "method"),
    [("dynamodb", "list_tables"), ("sqs", "list_queues"), ("s3", "list_buckets"), ("sns", "list_topics")],
)
def test_a_call_fails_with_the_reason_why_resources_cannot_be_made_and_is_not_repeated(
    held: Held, service: str, method: str
) -> None:
    held.moto.ensure()
    held.moto.set_state("failed", "infra/data.yaml:3: it is wrong & <so>")
    with pytest.raises(ClientError) as caught:
        getattr(held.client(service), method)()
    response = caught.value.response
    assert (response["Error"]["Code"], response["Error"]["Message"]) == (
        "LocalAWSFailed",
        "infra/data.yaml:3: it is wrong & <so>",
    )
    assert response["ResponseMetadata"]["RetryAttempts"] == 0


QUEUE = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}


@pytest.fixture(scope="module")
def server() -> Iterator[MotoProcess]:
    with MotoProcess() as server:
        yield server
        server.stop()
    assert not server.is_running


def test_what_is_made_in_it_stays_for_the_next_client(server: MotoProcess) -> None:
    Cloud(server.url).put(QUEUE)
    assert not server.ensure()
    later = Cloud(server.url)
    later.read()
    later.client("sqs").send_message(QueueUrl=later.resources["Queue"].physical_id, MessageBody="hello")


def test_one_that_died_is_started_again_at_the_same_address_and_is_empty(server: MotoProcess) -> None:
    url = server.url
    Cloud(url).put(QUEUE)
    os.kill(pid_of(server), signal.SIGKILL)
    while server.is_running:
        time.sleep(0.01)
    assert server.ensure()
    assert (server.url, Cloud(url).exists()) == (url, False)


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
        "import sys; from edgeroutes.local_aws.server import MotoProcess\n"
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
