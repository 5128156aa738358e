"""The language model behind the chat route: one on Amazon Bedrock, or a stand-in that needs no account."""

import os
import time
from collections.abc import Iterator
from functools import cache
from typing import Any, Protocol

from edgeroutes import HTTPError

# What passes by itself: worth another try in a moment. Source: Bedrock API reference, ConverseStream, "Errors".
_PASSING = {"ModelNotReadyException", "ServiceUnavailableException", "ThrottlingException"}


class ChatModel(Protocol):
    """What the chat route asks of a model. It may block: `Response.sse` and servers run it in a thread."""

    def reply(self, message: str) -> Iterator[str]:
        """The answer, token by token.

        Raises:
            HTTPError: Before the first token, when there will be none: 503 where trying again may help, else 502.
        """
        ...


class EchoModel:
    """Says the same thing back, a word at a time; the same message always gives the same tokens.

    Args:
        pause_seconds: Between two tokens, as a real model would take.
    """

    def __init__(self, pause_seconds: float) -> None:
        self._pause_seconds = pause_seconds

    def reply(self, message: str) -> Iterator[str]:
        for place, word in enumerate(["You", "said:", *message.split()]):
            if place:
                time.sleep(self._pause_seconds)
            yield word if place == 0 else f" {word}"


class BedrockModel:
    """A model on Amazon Bedrock, by the Converse API, which is the same for all of them.

    Args:
        model_id: Of a model or an inference profile.
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
                raise  # the client has part of the answer: the stream fails, so that it is not taken for the whole
            raise _refusal(error) from error

    def _tokens(self, message: str) -> Iterator[str]:
        messages = [{"role": "user", "content": [{"text": message}]}]
        stream = _client().converse_stream(modelId=self._model_id, messages=messages)["stream"]
        try:
            for event in stream:
                text = event.get("contentBlockDelta", {}).get("delta", {}).get("text")
                if text:
                    yield text
        finally:
            stream.close()  # also when the client has gone: nobody wants the rest, and each token is paid for


def chat_model() -> ChatModel:
    """The model that this deployment uses."""
    model_id = os.environ.get("CHAT_MODEL_ID")
    if model_id:
        return BedrockModel(os.environ.get("CHAT_PROFILE_ID") or model_id)
    return EchoModel(float(os.environ.get("CHAT_PAUSE_SECONDS", "0.05")))


@cache
def _client() -> Any:
    """The client, made at the first question and kept for the next."""
    import boto3
    from botocore.config import Config

    return boto3.client("bedrock-runtime", config=Config(connect_timeout=3, read_timeout=60))


def _refusal(error: Exception) -> HTTPError:
    code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
    if code.casefold() in {passing.casefold() for passing in _PASSING}:  # in a stream it begins in lower case
        return HTTPError(503, "the model is busy", headers={"retry-after": "5"})
    return HTTPError(502, "the model did not answer")
