"""Idempotency through routes: which requests run once, what repetitions get, and what frees a key."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from edgeroutes.errors import StoreError
from edgeroutes.guards.replays import Run, read_key
from edgeroutes.guards.state import MemoryState, TableState, use_state_store
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.response import Response
from edgeroutes.local_aws import atomic_items
from edgeroutes.routing.guards import IdempotencyConfig
from tests.fakes.incoming import FakeIncoming
from tests.fakes.project import RouteProject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.fakes.project import ReceivedResponse

    Make = Callable[..., RouteProject]

KEY = "8e03978e-40d5-43e8-bc93-6894a57f9324"
HEAD = """
from edgeroutes import HTTPError, Response, cookies, forbidden, redirect
from edgeroutes.idempotency import Idempotency
idempotent = Idempotency()
runs = []
"""
COUNT = "def POST(body: dict[str, int]):\n    runs.append(body)\n    return {'run': len(runs)}\n"


pytestmark = pytest.mark.usefixtures("state")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Make]:
    made: list[RouteProject] = []

    def make(source: str, **options: Any) -> RouteProject:
        files = {"x/route.py": HEAD + source, "y/route.py": HEAD + source}
        made.append(RouteProject(tmp_path / f"project_{len(made)}", files, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def post(  # noqa: PLR0917
    routes: RouteProject,
    value: object = None,
    key: str | None = KEY,
    target: str = "/x",
    method: str = "POST",
    client: str = "203.0.113.7",
    body: bytes | None = None,
) -> ReceivedResponse:
    headers = [("content-type", "application/json"), *([("idempotency-key", key)] if key is not None else [])]
    sent = json.dumps({"a": 1} if value is None else value).encode() if body is None else body
    return routes.ask(FakeIncoming(method, target, headers, sent, client=client))


def told(response: ReceivedResponse) -> tuple[int, Any, str | None]:
    return response.status, response.json(), response.header("idempotent-replayed")


@pytest.mark.parametrize("needs_loop", [False, True])
@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_repetition_gets_the_first_response_and_runs_nothing(project: Make, kind: str, needs_loop: bool) -> None:
    routes = project(COUNT.replace("def", kind, 1), needs_loop=needs_loop)

    first, second = post(routes), post(routes)

    assert [told(first), told(second)] == [(200, {"run": 1}, None), (200, {"run": 1}, "true")]
    assert first.header("content-type") == second.header("content-type")
    assert len(routes.module("x/route.py").runs) == 1


def test_without_a_key_every_request_runs_and_nothing_is_stored(project: Make, state: MemoryState) -> None:
    routes = project(COUNT)

    assert [told(post(routes, key=None))[1] for _ in range(2)] == [{"run": 1}, {"run": 2}]
    assert state.read("any") is None


def test_a_required_key_that_is_missing_is_a_400(project: Make) -> None:
    routes = project(COUNT.replace("def POST", "idempotent = Idempotency(required=True)\ndef POST"))

    response = post(routes, key=None)

    assert response.status == 400
    assert (
        response.json()["detail"]
        == "the header Idempotency-Key is missing: a key of your own that names this operation"
    )


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        (f'"{KEY}"', KEY),
        (KEY, KEY),
        (r'"foo \"bar\""', 'foo "bar"'),
        ("'foo'", "'foo'"),
        ("KG5LxwFBepaKHyUD", "KG5LxwFBepaKHyUD"),
        ("a b", "a b"),
        ("k" * 255, "k" * 255),
    ],
)
def test_a_key_may_be_a_quoted_string_or_bare(sent: str, key: str) -> None:
    assert _read(sent) == key


@pytest.mark.parametrize(
    "sent", ['"foo', '"foo \\,"', '"foo \\', "", '""', "k" * 256, "a\x00b", "ключ", "a\tb", '"a"b']
)
def test_a_key_that_is_not_valid_is_a_400(sent: str) -> None:
    with pytest.raises(HTTPError) as raised:
        _read(sent)
    assert raised.value.status == 400


def _read(*sent: str) -> str | None:
    class Scope:
        incoming = FakeIncoming("POST", "/", [("idempotency-key", each) for each in sent])

    return read_key(Scope(), "Idempotency-Key")  # type: ignore[arg-type]


def test_two_keys_are_a_400() -> None:
    with pytest.raises(HTTPError) as raised:
        _read("a", "b")
    assert raised.value.status == 400


def test_the_quoted_and_the_bare_key_are_the_same(project: Make) -> None:
    routes = project(COUNT)

    assert [told(post(routes, key=key))[1] for key in (KEY, f'"{KEY}"')] == [{"run": 1}, {"run": 1}]


def test_another_request_with_the_key_is_a_422(project: Make) -> None:
    routes = project(f"{COUNT}def PATCH(body: dict[str, int]):\n    return {{}}\n")
    post(routes)

    others = [
        post(routes, {"a": 2}),
        post(routes, body=b'{"a":  1}'),
        post(routes, target="/x?page=2"),
        post(routes, target="/y"),
        post(routes, method="PATCH"),
    ]

    assert [each.status for each in others] == [422] * 5
    assert others[0].json()["detail"] == "the idempotency key belongs to another request"


def test_keys_of_different_clients_are_different(project: Make) -> None:
    routes = project(COUNT)

    assert [told(post(routes, client=client))[1:] for client in ("203.0.113.7", "203.0.113.8")] == [
        ({"run": 1}, None),
        ({"run": 2}, None),
    ]


@pytest.mark.parametrize(
    ("body", "status"), [("1 / 0", 500), ("return Response(None, 503)", 503), ("raise HTTPError(502)", 502)]
)
def test_a_failure_frees_the_key(project: Make, body: str, status: int) -> None:
    routes = project(
        f"def POST():\n    runs.append(1)\n    if len(runs) == 1:\n        {body}\n    return {{'run': 2}}\n"
    )

    assert [post(routes).status, told(post(routes)), told(post(routes))] == [
        status,
        (200, {"run": 2}, None),
        (200, {"run": 2}, "true"),
    ]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("raise HTTPError(404)", 404),
        ("raise HTTPError(409, 'sold')", 409),
        ("return Response.json({}, 422)", 422),
        ("forbidden()", 403),
        ("redirect('/done')", 307),
        ("raise HTTPError(400, errors=[{'field': 'a', 'message': 'b'}])", 400),
    ],
)
def test_a_response_of_the_handler_is_kept_also_one_that_refuses(project: Make, body: str, status: int) -> None:
    routes = project(f"def POST():\n    runs.append(1)\n    {body}\n")

    first, second = post(routes), post(routes)

    assert (first.status, second.status, second.header("idempotent-replayed")) == (status, status, "true")
    assert first.header("location") == second.header("location")
    assert len(routes.module("x/route.py").runs) == 1


def test_what_is_refused_before_the_handler_runs_is_not_kept(project: Make) -> None:
    routes = project(COUNT)

    assert [post(routes, body=body).status for body in (b"{", b'{"a": "b"}')] == [400, 400]
    assert told(post(routes)) == (200, {"run": 1}, None)


def test_a_dependency_that_refuses_keeps_nothing(project: Make) -> None:
    source = (
        "from typing import Annotated\nfrom edgeroutes import Depends\ndef user():\n    runs.append(1)\n"
        "    if len(runs) == 1:\n        raise HTTPError(401)\n    return 'ann'\n"
        "def POST(user: Annotated[str, Depends(user)]):\n    return {'user': user}\n"
    )
    routes = project(source)

    assert [post(routes).status, told(post(routes))] == [401, (200, {"user": "ann"}, None)]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods_ignore_the_key(project: Make, method: str) -> None:
    routes = project(COUNT + COUNT.replace("POST(body: dict[str, int])", f"{method}()").replace("(body)", "(1)"))

    assert [told(post(routes, method=method, body=b""))[1] for _ in range(2)] == [{"run": 1}, {"run": 2}]


def test_a_replay_sets_no_cookies(project: Make) -> None:
    routes = project(
        "def POST():\n    cookies().set('a', '1')\n    return Response.json({}, headers={'set-cookie': 'b=2', 'x-id': '7'})\n"
    )

    first, second = post(routes), post(routes)

    assert len(first.values("set-cookie")) == 2
    assert (second.values("set-cookie"), second.values("x-id")) == ([], ["7"])


def test_a_response_that_is_too_large_is_done_and_says_so(project: Make) -> None:
    routes = project("import random\ndef POST():\n    runs.append(1)\n    return Response(random.randbytes(400_000))\n")

    assert post(routes).status == 200
    response = post(routes)
    assert (response.status, response.json()["detail"]) == (
        409,
        "the request with this idempotency key is done, and its response was too large to keep",
    )
    assert len(routes.module("x/route.py").runs) == 1


def test_a_binary_body_is_replayed_byte_for_byte(project: Make) -> None:
    routes = project("def POST():\n    return Response(bytes(range(256)), 201, {'content-type': 'image/png'})\n")

    first, second = post(routes), post(routes)

    assert (second.status, second.body) == (201, bytes(range(256)))
    assert second.header("content-type") == first.header("content-type") == "image/png"


def make_run(state: MemoryState, clock: list[float], lease_ms: int = 1000, content: str = "c") -> Run:
    return Run(IdempotencyConfig(ttl_s=60), "o", "k", content, lease_ms, store=state, clock=lambda: clock[0])


def _status(run: Run) -> int:
    try:
        found = run.claim()
    except HTTPError as error:
        return error.status
    return 0 if found is None else found.status


def run_now(coroutine: Any) -> None:
    with pytest.raises(StopIteration):
        coroutine.send(None)


def test_while_the_first_runs_a_repetition_is_a_409_and_after_its_lease_it_runs(state: MemoryState) -> None:
    clock = [1000.0]
    assert _status(make_run(state, clock)) == 0
    assert _status(make_run(state, clock)) == 409
    clock[0] += 1.1
    assert _status(make_run(state, clock)) == 0


def test_a_run_that_outlived_its_lease_neither_overwrites_nor_frees_the_later_one(
    state: MemoryState, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = [1000.0]
    slow, quick = make_run(state, clock), make_run(state, clock)
    assert _status(slow) == 0
    clock[0] += 1.1
    assert _status(quick) == 0
    run_now(quick.finish(Response.json({"run": 2})))
    run_now(slow.finish(Response.json({"run": 1})))
    run_now(slow.free())

    replay = make_run(state, clock).claim()
    assert replay is not None
    assert json.loads(str(bytes(replay.body or b""), "utf-8") if not isinstance(replay.body, str) else replay.body) == {
        "run": 2
    }
    assert capsys.readouterr().out.count("outlived the claim") == 2


def test_an_expired_record_that_dynamodb_has_not_deleted_yet_counts_as_none(state: MemoryState) -> None:
    clock = [1000.0]
    run = make_run(state, clock)
    assert _status(run) == 0
    run_now(run.finish(Response.json({})))
    assert _status(make_run(state, clock)) == 200
    clock[0] += 62
    assert _status(make_run(state, clock, content="other")) == 0


class Unavailable(MemoryState):
    """A store that fails from some operation on."""

    def __init__(self, works_for: int) -> None:
        super().__init__(time.time)
        self.left = works_for

    def put(self, key: str, item: Any, condition: Any = None) -> Any:
        if not self.left:
            raise StoreError("no response", where="table T")
        self.left -= 1
        return super().put(key, item, condition)


def test_without_the_store_a_request_with_a_key_is_a_503_and_does_not_run(project: Make) -> None:
    restore = use_state_store(Unavailable(0))
    routes = project(COUNT)

    response = post(routes)
    restore()

    assert (response.status, response.header("retry-after")) == (503, "5")
    assert routes.module("x/route.py").runs == []


def test_on_error_open_runs_without_the_store_and_logs(project: Make, capsys: pytest.CaptureFixture[str]) -> None:
    restore = use_state_store(Unavailable(0))
    routes = project(COUNT.replace("def POST", "idempotent = Idempotency(on_error='open')\ndef POST"))

    response = post(routes)
    restore()

    assert response.status == 200
    assert "idempotency_unavailable" in capsys.readouterr().out


def test_a_store_that_fails_after_the_effect_costs_the_client_nothing(
    project: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    restore = use_state_store(Unavailable(1))
    routes = project(COUNT)

    first, second = post(routes), post(routes)
    restore()

    assert (first.status, first.json()) == (200, {"run": 1})
    assert "the response could not be kept" in capsys.readouterr().out
    assert second.status in (409, 503)


WEBHOOK = """
import os
from edgeroutes import Request
from edgeroutes.webhooks import verify
idempotent = Idempotency(key="webhook")
def POST(request: Request):
    body = verify(request, "standard", secret="whsec_c2VjcmV0")
    runs.append(body.event_id)
    return {"run": len(runs)}
"""


def deliver(routes: RouteProject, event_id: str, at: float, *, key: bytes = b"secret") -> ReceivedResponse:
    import hmac
    from base64 import b64encode

    body = b'{"type": "paid"}'
    signature = b64encode(hmac.digest(key, f"{event_id}.{int(at)}.".encode() + body, "sha256")).decode()
    headers = [("webhook-id", event_id), ("webhook-timestamp", str(int(at))), ("webhook-signature", f"v1,{signature}")]
    return routes.request("POST", "/x", headers, body)


def test_an_event_is_handled_once_however_often_it_is_delivered(project: Make) -> None:
    routes, now = project(WEBHOOK), time.time()

    first, again, other = (
        deliver(routes, "msg_1", now),
        deliver(routes, "msg_1", now - 60),
        deliver(routes, "msg_2", now),
    )

    assert [told(first), told(again), told(other)] == [
        (200, {"run": 1}, None),
        (200, {"run": 1}, "true"),
        (200, {"run": 2}, None),
    ]
    assert routes.module("x/route.py").runs == ["msg_1", "msg_2"]


def test_a_delivery_that_is_not_signed_rightly_learns_nothing_of_an_event(project: Make) -> None:
    routes, now = project(WEBHOOK), time.time()
    deliver(routes, "msg_1", now)

    assert deliver(routes, "msg_1", now, key=b"other").status == 401
    assert deliver(routes, "msg_3", now, key=b"other").status == 401
    assert told(deliver(routes, "msg_3", now)) == (200, {"run": 2}, None)


def test_an_event_whose_handling_failed_is_handled_again(project: Make) -> None:
    routes = project(WEBHOOK.replace("    return", "    if len(runs) == 1:\n        1 / 0\n    return"))
    now = time.time()

    assert [deliver(routes, "msg_1", now).status, told(deliver(routes, "msg_1", now))] == [500, (200, {"run": 2}, None)]


def test_a_handler_that_catches_every_exception_does_not_handle_an_event_twice(project: Make) -> None:
    careless = WEBHOOK.replace(
        '    body = verify(request, "standard", secret="whsec_c2VjcmV0")',
        '    try:\n        body = verify(request, "standard", secret="whsec_c2VjcmV0")\n'
        '    except Exception:\n        runs.append("caught")',
    )
    routes, now = project(careless), time.time()

    assert [told(deliver(routes, "msg_1", now))[1] for _ in range(2)] == [{"run": 1}, {"run": 1}]
    assert routes.module("x/route.py").runs == ["msg_1"]


def test_a_handler_may_verify_twice(project: Make) -> None:
    line = '    body = verify(request, "standard", secret="whsec_c2VjcmV0")\n'
    routes = project(WEBHOOK.replace(line, line * 2))

    assert told(deliver(routes, "msg_1", time.time())) == (200, {"run": 1}, None)


def test_a_handler_that_forgets_to_verify_is_warned_of(project: Make, capsys: pytest.CaptureFixture[str]) -> None:
    routes = project('idempotent = Idempotency(key="webhook")\ndef POST():\n    return {}\n')

    assert routes.request("POST", "/x").status == 200
    assert "the handler did not call verify()" in capsys.readouterr().out


def test_of_a_hundred_requests_at_once_one_claims_the_key_in_dynamodb(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    atomic_items.install()
    with mock_aws():
        boto3.client("dynamodb").create_table(
            TableName="state",
            KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        stores = [TableState("state") for _ in range(20)]
        for store in stores:  # clients are made one after another: boto3 is not safe there
            store.read("warm")
        runs = [Run(IdempotencyConfig(), "o", "k", "c", 60_000, store=stores[turn % 20]) for turn in range(100)]

        with ThreadPoolExecutor(20) as pool:
            statuses = list(pool.map(_status, runs))
        assert sorted(statuses) == [0] + [409] * 99

        run_now(runs[statuses.index(0)].finish(Response.json({"run": 1}, 201)))
        with ThreadPoolExecutor(20) as pool:
            assert list(pool.map(_status, runs)) == [201] * 100


@given(st.text(max_size=300))
def test_no_key_is_more_than_a_400(sent: str) -> None:
    with suppress(HTTPError):
        key = _read(sent)
        assert key is not None
        assert 1 <= len(key) <= 255
