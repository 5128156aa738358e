"""The language model behind the chat route: one on Amazon Bedrock, or a stand-in that needs no account."""

import os
import time
from collections.abc import Iterator
from functools import cache
from typing import Any, Protocol

from edgeroutes import HTTPError

# Temporary errors: a retry may succeed. Source: Bedrock API reference, ConverseStream, "Errors".
_TEMPORARY = {"ModelNotReadyException", "ServiceUnavailableException", "ThrottlingException"}


class ChatModel(Protocol):
    """A language model. It may block: `Response.sse` and servers run it in a thread."""

    def reply(self, message: str) -> Iterator[str]:
        """The model's reply, token by token.

        Raises:
            HTTPError: Before the first token, if there is no reply: 503 if a retry may succeed, else 502.
        """
        ...


class EchoModel:
    """Repeats the message word by word; the same message always gives the same tokens.

    Args:
        pause_seconds: The pause between two tokens.
    """

    def __init__(self, pause_seconds: float) -> None:
        self._pause_seconds = pause_seconds

    def reply(self, message: str) -> Iterator[str]:
        for place, word in enumerate(["You", "said:", *message.split()]):
            if place:
                time.sleep(self._pause_seconds)
            yield word if place == 0 else f" {word}"


class BedrockModel:
    """A model on Amazon Bedrock, called through the Converse API.

    Args:
        model_id: The id of a model or an inference profile.
    """

    def __init__(self, model_id: str) -> None:
        self._model_id = model_id

    def reply(self, message: str) -> Iterator[str]:
        from botocore.exceptions import BotoCoreError, ClientError

        has_begun = False
        try:
            for token in self._tokens(message):
                has_begun = True
                yield token
        except (BotoCoreError, ClientError) as error:
            if has_begun:
                raise  # the client has part of the reply: the stream fails, so that the client notices
            raise _http_error(error) from error

    def _tokens(self, message: str) -> Iterator[str]:
        messages = [{"role": "user", "content": [{"text": message}]}]
        stream = _client().converse_stream(modelId=self._model_id, messages=messages)["stream"]
        try:
            for event in stream:
                text = event.get("contentBlockDelta", {}).get("delta", {}).get("text")
                if text:
                    yield text
        finally:
            stream.close()  # also when the client has disconnected: each token costs money


def chat_model() -> ChatModel:
    """The model that this deployment uses."""
    model_id = os.environ.get("CHAT_MODEL_ID")
    if model_id:
        return BedrockModel(os.environ.get("CHAT_PROFILE_ID") or model_id)
    return EchoModel(float(os.environ.get("CHAT_PAUSE_SECONDS", "0.05")))


@cache
def _client() -> Any:
    """The client, created at the first message and reused."""
    import boto3
    from botocore.config import Config

    return boto3.client("bedrock-runtime", config=Config(connect_timeout=3, read_timeout=60))


def _http_error(error: Exception) -> HTTPError:
    code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
    if code.casefold() in {temporary.casefold() for temporary in _TEMPORARY}:  # in a stream it begins in lower case
        return HTTPError(503, "the model is busy", headers={"retry-after": "5"})
    return HTTPError(502, "the model did not respond")
