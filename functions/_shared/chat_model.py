"""The language model behind the chat route, and a stand-in that needs no account."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Protocol


class ChatModel(Protocol):
    """What the chat route asks of a model; one on Amazon Bedrock takes the stand-in's place, and the route stays."""

    def reply(self, message: str) -> AsyncIterator[str]:
        """The answer, token by token."""
        ...


class EchoModel:
    """Says the same thing back, a word at a time; the same message always gives the same tokens.

    Args:
        pause_seconds: Between two tokens, as a real model would take.
    """

    def __init__(self, pause_seconds: float) -> None:
        self._pause_seconds = pause_seconds

    async def reply(self, message: str) -> AsyncIterator[str]:
        for place, word in enumerate(["You", "said:", *message.split()]):
            if place:
                await asyncio.sleep(self._pause_seconds)
            yield word if place == 0 else f" {word}"


def chat_model() -> ChatModel:
    """The model that this deployment uses."""
    return EchoModel(float(os.environ.get("CHAT_PAUSE_SECONDS", "0.05")))
