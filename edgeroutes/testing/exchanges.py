"""What a test asked and what came of it, for its report when it fails. Roof."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from edgeroutes.dev.gateway import HttpRequest
    from edgeroutes.testing.response import TestResponse

SHOWN = 3
_BODY_CHARACTERS = 1500
_TRACE_LINES = 12


class Exchanges:
    """The requests of one test with their answers; the last few are kept.

    Args:
        left_out: Variables that functions do without; it may grow.
    """

    def __init__(self, left_out: Collection[str] = ()) -> None:
        self._left_out = left_out
        self._kept: list[tuple[str, str]] = []
        self._count = 0

    def add(self, request: HttpRequest, response: TestResponse, logs: Sequence[Mapping[str, Any]]) -> None:
        """Keep one, with what was logged meanwhile."""
        self._count += 1
        target = f"{request.path}?{request.query}" if request.query else request.path
        title = f"edgeroutes request {self._count}: {request.method} {target} → {response.status_code}"
        lines = [
            *(f"> {name}: {value}" for name, value in request.headers),
            *_body(request.body),
            *(f"< {name}: {value}" for name, value in response.headers.multi_items()),
            *_body(response.content),
            *_log(logs),
        ]
        if self._left_out and response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            lines.append(f"--- set only where the test asks for the fixture aws: {', '.join(sorted(self._left_out))}")
        self._kept = [*self._kept[1 - SHOWN :], (title, "\n".join(lines))]

    def sections(self) -> list[tuple[str, str]]:
        """Title and text of each."""
        return self._kept


def _body(content: bytes) -> list[str]:
    if not content:
        return []
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return [f"({len(content)} bytes)"]
    rest = len(text) - _BODY_CHARACTERS
    return [text[:_BODY_CHARACTERS] + (f"… and {rest} more characters" if rest > 0 else "")]


def _log(logs: Iterable[Mapping[str, Any]]) -> list[str]:
    lines = []
    for line in logs:
        trace = str(line.get("exception", ""))
        rest = {
            name: value for name, value in line.items() if name not in ("exception", "level", "message", "timestamp")
        }
        lines.append(
            f"{line.get('level', 'LOG')} {line.get('message', '')} {json.dumps(rest, default=str) if rest else ''}".rstrip()
        )
        lines += trace.rstrip().splitlines()[-_TRACE_LINES:]
    return ["--- log", *lines] if lines else []
