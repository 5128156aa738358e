"""A chat that streams the model's tokens, as events or as plain text."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from edgeroutes import Request, Response
from functions._shared.chat_model import chat_model
from functions._shared.sessions import member
from functions._shared.validation import require


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    message: str
    format: Literal["sse", "text"] = "sse"

    def __post_init__(self) -> None:
        require(("message", self.message.strip() != "" and len(self.message) <= 2000, "must have 1 to 2000 characters"))


def POST(request: Request, question: Question) -> Response:
    member(request)  # each token costs money
    tokens = chat_model().reply(question.message)
    if question.format == "text":
        return Response.stream(tokens)
    return Response.sse(_events(tokens))  # heartbeats keep the connection open while the model computes


def _events(tokens: Iterator[str]) -> Iterator[dict[str, object]]:
    count = 0
    for token in tokens:
        count += 1
        yield {"event": "token", "data": {"text": token}}
    yield {"event": "done", "data": {"tokens": count}}
