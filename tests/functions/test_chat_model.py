"""The chat with a model on Amazon Bedrock: boto3 as it is, against a server that speaks the service's protocol."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EventStreamError

from edgeroutes.plan.cloudformation import parse_yaml
from tests.dev.serving import PATIENCE_S
from tests.fakes.bedrock import frame, serving_bedrock, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeroutes.testing import RouteClient
    from tests.fakes.bedrock import FakeBedrock

ROOT = Path(__file__).parents[2]
MODEL_ID = "eu.example.model-v1:0"
FIRST = frame("contentBlockDelta", {"delta": {"text": "Good"}, "contentBlockIndex": 0})
THROTTLED = frame("throttlingException", {"message": "slow down"}, "exception")


@pytest.fixture
def bedrock(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBedrock]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    from functions._shared import chat_model, sessions
    from functions._shared.models import User

    ada = User(id=1, name="Ada", email="ada@example.com", teams=("research",))
    # Local AWS lets no request through to another server, so here nobody signs in.
    monkeypatch.setattr(sessions, "find_user", lambda _: ada)
    with serving_bedrock() as fake:
        monkeypatch.setenv("CHAT_MODEL_ID", MODEL_ID)
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", fake.url)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        chat_model._client.cache_clear()
        yield fake
        chat_model._client().close()
        chat_model._client.cache_clear()


def test_the_models_tokens_are_the_events(client: RouteClient, bedrock: FakeBedrock) -> None:
    bedrock.respond(*tokens("Good", " day", " to you"))

    response = client.post("/api/chat", json={"message": "good day"})

    assert (response.status_code, response.text) == (
        200,
        (
            'event: token\ndata: {"text":"Good"}\n\n'
            'event: token\ndata: {"text":" day"}\n\n'
            'event: token\ndata: {"text":" to you"}\n\n'
            'event: done\ndata: {"tokens":3}\n\n'
        ),
    )
    assert bedrock.asked == [
        (
            "/model/eu.example.model-v1%3A0/converse-stream",
            {"messages": [{"role": "user", "content": [{"text": "good day"}]}]},
        )
    ]


def test_or_plain_text(client: RouteClient, bedrock: FakeBedrock) -> None:
    bedrock.respond(*tokens("Good", " day"))
    assert client.post("/api/chat", json={"message": "x", "format": "text"}).text == "Good day"


def test_a_token_is_there_before_the_next_one_is_made(bedrock: FakeBedrock) -> None:
    from functions._shared.chat_model import chat_model

    gate = threading.Event()
    bedrock.respond(FIRST, lambda: gate.wait(PATIENCE_S) or None, *tokens(" day"))
    reply = chat_model().reply("x")

    first = next(reply)
    gate.set()
    assert (first, list(reply)) == ("Good", [" day"])


def test_a_disconnected_client_closes_the_models_stream(bedrock: FakeBedrock) -> None:
    from functions._shared.chat_model import chat_model

    long = [frame("contentBlockDelta", {"delta": {"text": "x" * 60_000}, "contentBlockIndex": 0})] * 1000
    bedrock.respond(*long)
    reply: Any = chat_model().reply("x")

    next(reply)
    reply.close()

    assert bedrock.was_left.wait(PATIENCE_S)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (429, "ThrottlingException", (503, "the model is busy", "5")),
        (503, "ServiceUnavailableException", (503, "the model is busy", "5")),
        (403, "AccessDeniedException", (502, "the model did not respond", None)),
        (400, "ValidationException", (502, "the model did not respond", None)),
    ],
)
def test_an_error_of_the_model_is_an_ordinary_error(
    client: RouteClient, bedrock: FakeBedrock, status: int, code: str, expected: tuple[int, str, str | None]
) -> None:
    bedrock.refuse(status, code)
    given = client.post("/api/chat", json={"message": "x"})
    assert (given.status_code, given.json()["detail"], given.headers.get("retry-after")) == expected


def test_so_is_one_that_stands_in_the_stream_before_the_first_token(client: RouteClient, bedrock: FakeBedrock) -> None:
    bedrock.respond(frame("messageStart", {"role": "assistant"}), THROTTLED)
    assert client.post("/api/chat", json={"message": "x"}).status_code == 503


def test_so_is_a_model_that_cannot_be_reached(
    client: RouteClient, bedrock: FakeBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "http://127.0.0.1:1")
    assert client.post("/api/chat", json={"message": "x"}).status_code == 502


@pytest.mark.parametrize("kind", ["sse", "text"])
def test_a_failure_after_the_first_token_is_the_streams(client: RouteClient, bedrock: FakeBedrock, kind: str) -> None:
    from functions._shared.chat_model import chat_model

    bedrock.respond(FIRST, THROTTLED)
    reply = chat_model().reply("x")
    assert next(reply) == "Good"
    with pytest.raises(EventStreamError, match="slow down"):
        next(reply)
    # The test client reads the whole stream first, so the failure is a 500 here.
    assert client.post("/api/chat", json={"message": "x", "format": kind}).status_code == 500


def test_so_is_a_connection_that_breaks_off(bedrock: FakeBedrock) -> None:
    from urllib3.exceptions import HTTPError

    from functions._shared.chat_model import chat_model

    bedrock.respond(FIRST, cut=True)
    reply = chat_model().reply("x")
    assert next(reply) == "Good"
    with pytest.raises(HTTPError):
        next(reply)


def test_a_profile_is_called_in_the_place_of_its_model(
    client: RouteClient, bedrock: FakeBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_MODEL_ID", "example.model-v1:0")
    monkeypatch.setenv("CHAT_PROFILE_ID", MODEL_ID)
    bedrock.respond(*tokens("Good"))
    assert client.post("/api/chat", json={"message": "x", "format": "text"}).text == "Good"
    assert bedrock.asked[0][0] == "/model/eu.example.model-v1%3A0/converse-stream"


def test_the_function_may_use_that_model_and_no_other() -> None:
    policies = (ROOT / "functions/api/chat/function.yaml").read_text()
    parameters = parse_yaml((ROOT / "infra/chat.yaml").read_text(), "chat.yaml").value["Parameters"]
    resources = set(re.findall(r"arn:.*bedrock.*", policies))
    assert {each.rpartition("/")[2] for each in resources} == {"${ChatModelId}", "${ChatProfileId}"}
    for name in ("ChatModelId", "ChatProfileId"):
        assert not re.fullmatch(parameters[name]["AllowedPattern"], "*")
