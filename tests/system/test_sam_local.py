"""The example application, built by `sam build`, under `sam local` in Docker; against what the in-process client gives."""

from __future__ import annotations

import json
import subprocess
from base64 import b64decode
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

from edgeroutes.dev.gateway import read_result
from edgeroutes.plan.cloudformation import parse_yaml
from edgeroutes.template.document import render_yaml
from tests.system.example import ASKS, FALLBACK, HOST, Ask, ReceivedResponse, environment_of, in_process, settled
from tests.system.relay import Relay
from tests.system.sam_local import RESPONSE_SECONDS, SamLocal, bridge_gateway, require_image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edgeroutes.local_aws.stack import ProjectCloud
    from edgeroutes.testing import RouteClient
    from tests.system.example import Built

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def sam_local(sam: str, built: Built, server: ProjectCloud) -> Iterator[SamLocal]:
    """`sam local` over the built template, in which each function's variables stand; no container is left behind."""
    require_image(built.plan.config)
    door = Relay(bridge_gateway(), urlsplit(str(server.cloud.endpoint_url)).port or 0)
    document = parse_yaml((built.folder / "template.yaml").read_text(), "template.yaml").value
    for name, resource in document["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["Environment"] = {"Variables": environment_of(name, server.cloud, door.url)}
    template = built.folder / "local.yaml"
    template.write_text(render_yaml(document))
    made = SamLocal(program=sam, template=template)
    yield made
    made.remove_containers()
    door.close()


@pytest.fixture(scope="module")
def address(sam_local: SamLocal) -> Iterator[str]:
    with sam_local.serving() as url:
        yield url


@pytest.fixture(scope="module")
def http(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=address, headers={"Host": HOST, "Accept-Encoding": "identity"}, timeout=RESPONSE_SECONDS
    ) as client:
        yield client


def over_http(http: httpx.Client, ask: Ask) -> ReceivedResponse:
    http.cookies.clear()
    response = http.request(ask.method, ask.url, **ask.options)
    headers = [(name.decode(), value.decode()) for name, value in response.headers.raw]
    return settled(response.status_code, headers, response.content)


def with_a_type(response: ReceivedResponse) -> ReceivedResponse:
    """As it is given out: a response without a type gets JSON's, from `sam local` as from API Gateway."""
    return replace(response, headers={"content-type": ["application/json"], **response.headers})


@pytest.mark.parametrize("route_path", [*ASKS, "no route"])
def test_a_route_responds_as_it_does_in_process(http: httpx.Client, client: RouteClient, route_path: str) -> None:
    asks = ASKS.get(route_path, FALLBACK)
    expected = {str(ask): with_a_type(in_process(client, ask)) for ask in asks}
    assert {str(ask): over_http(http, ask) for ask in asks} == expected


# What docs/local.md says of `sam local`: the request, what comes back there, and what does on AWS and in process.
DEPARTURES = {
    "the path arrives decoded, so that an encoded slash parts segments": (
        Ask("GET", "/api/shop/a%2Fb"),
        b'{"shelves":["a","b"],"breadcrumbs":["/api/shop","/api/shop/a","/api/shop/a/b"]}',
        b'{"shelves":["a/b"],"breadcrumbs":["/api/shop","/api/shop/a%2Fb"]}',
    ),
    "it is decoded a second time": (
        Ask("GET", "/api/shop/%2541"),
        b'{"shelves":["A"],"breadcrumbs":["/api/shop","/api/shop/A"]}',
        b'{"shelves":["%41"],"breadcrumbs":["/api/shop","/api/shop/%2541"]}',
    ),
    "repeated headers of a request arrive as one": (
        Ask("POST", "/api/headers", {"headers": [("User-Agent", "x"), ("Accept", "text/html"), ("Accept", "*/*")]}),
        b'{"user_agent":"x","accept":["text/html,*/*"]}',
        b'{"user_agent":"x","accept":["text/html","*/*"]}',
    ),
}


@pytest.mark.parametrize(("ask", "body", "elsewhere"), DEPARTURES.values(), ids=DEPARTURES)
def test_sam_local_departs_from_aws(
    http: httpx.Client, client: RouteClient, ask: Ask, body: bytes, elsewhere: bytes
) -> None:
    assert (over_http(http, ask).body, in_process(client, ask).body) == (body, elsewhere)


def test_bytes_that_the_accept_header_does_not_ask_for_leave_sam_local_as_base64(
    http: httpx.Client, client: RouteClient
) -> None:
    ask = Ask("GET", "/api/swatch/000000", {"headers": {"Accept": "text/html"}})
    assert b64decode(over_http(http, ask).body) == in_process(client, ask).body


INVOKED = {
    "HelloFunction": ASKS["/hello"][0],
    "ApiUsersFunction": ASKS["/api/users"][1],
    "ApiUploadFunction": ASKS["/api/upload"][1],
    "ApiSwatchColorFunction": ASKS["/api/swatch/[color]"][0],
    "ApiStreamFunction": ASKS["/api/stream"][0],
    "FallbackFunction": FALLBACK[0],
}


@pytest.mark.parametrize(("logical_id", "ask"), INVOKED.items(), ids=INVOKED)
def test_a_function_responds_to_the_event_of_a_request(
    sam_local: SamLocal, client: RouteClient, tmp_path: Path, logical_id: str, ask: Ask
) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps(ask.event()))
    started = sam_local.process("invoke", logical_id, "--event", str(event))
    ran = subprocess.run(**started, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    response = read_result(json.loads(ran.stdout))
    assert settled(response.status, list(response.headers), response.body) == in_process(client, ask)
