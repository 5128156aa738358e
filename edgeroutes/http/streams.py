"""Formats of streamed bodies: server-sent events, NDJSON, a JSON array, chunks of a file.

Each takes a sync or async iterator (or file) and returns an iterator of the same kind. Nothing is read ahead, and closing the stream closes
its source.
"""

from __future__ import annotations

from collections.abc import Mapping

from edgeroutes.http.json_text import render_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
    from typing import Any

SSE = "text/event-stream; charset=utf-8"
NDJSON = "application/x-ndjson"
# A proxy that buffers or compresses would delay events.
SSE_HEADERS = {"cache-control": "no-store, no-transform", "x-accel-buffering": "no"}
# A comment, which EventSource skips. Source: HTML Living Standard §9.2.7, which recommends one about every 15 seconds.
HEARTBEAT = b": heartbeat\n\n"
PIECE_BYTES = 64 * 1024
_COROUTINE_FUNCTION = 0x80  # Source: inspect.CO_COROUTINE
_EVENT_FIELDS = ("event", "id", "retry", "data")


def encode_each(
    items: Iterable[Any] | AsyncIterable[Any], render: Callable[[Any], str], end: Callable[[], str] | None = None
) -> Iterator[str] | AsyncIterator[str]:
    """The items' texts as they come, async for async items; then the text of `end`."""
    if hasattr(items, "__aiter__"):
        return _encode_async(items, render, end)  # type: ignore[arg-type]  # mypy does not narrow by hasattr here
    return _encode_sync(items, render, end)


def _encode_sync(items: Iterable[Any], render: Callable[[Any], str], end: Callable[[], str] | None) -> Iterator[str]:
    try:
        for item in items:
            yield render(item)
        if end:
            yield end()
    finally:
        close = getattr(items, "close", None)
        if close:
            close()


async def _encode_async(
    items: AsyncIterable[Any], render: Callable[[Any], str], end: Callable[[], str] | None
) -> AsyncIterator[str]:
    try:
        async for item in items:
            yield render(item)
        if end:
            yield end()
    finally:
        close = getattr(items, "aclose", None)
        if close:
            await close()


def read_pieces(file: Any) -> Iterator[str | bytes] | AsyncIterator[str | bytes]:
    """The rest of an open file, sync or async, 64 KiB at a time; the file is closed at the end.

    From a pipe or socket it reads what is available.
    """
    read = getattr(file, "read1", None) or file.read
    code = getattr(read, "__code__", None)
    if hasattr(file, "__aiter__") or (code is not None and code.co_flags & _COROUTINE_FUNCTION):
        return _read_async(file, read)
    return _read_sync(file, read)


def _read_sync(file: Any, read: Callable[[int], str | bytes]) -> Iterator[str | bytes]:
    try:
        while piece := read(PIECE_BYTES):
            yield piece
    finally:
        file.close()


async def _read_async(file: Any, read: Callable[[int], Any]) -> AsyncIterator[str | bytes]:
    try:
        while piece := await read(PIECE_BYTES):
            yield piece
    finally:
        closing = (getattr(file, "aclose", None) or file.close)()
        if hasattr(closing, "__await__"):
            await closing


def render_event(item: object) -> str:
    r"""One server-sent event. Source: HTML Living Standard §9.2.6.

    A string is its data. A mapping whose keys are all among `event`, `id`, `retry` (milliseconds) and `data` has these fields; any other
    item is data. Data that is not a string becomes JSON.

    >>> render_event({"event": "tick", "data": {"n": 1}})
    'event: tick\ndata: {"n":1}\n\n'

    Raises:
        ValueError: For a field that would end its line, or a `retry` that is not a number of milliseconds.
    """
    is_event = isinstance(item, Mapping) and item and all(name in _EVENT_FIELDS for name in item)
    fields: Mapping[Any, Any] = item if is_event else {"data": item}  # type: ignore[assignment]  # a mapping
    lines = []
    for name in _EVENT_FIELDS[:3]:
        if fields.get(name) is not None:
            value = _retry(fields[name]) if name == "retry" else str(fields[name])
            if "\n" in value or "\r" in value or "\0" in value:
                raise ValueError(f"an event's {name} has a line break or NUL: {value!r}")
            lines.append(f"{name}: {value}\n")
    if "data" in fields:
        data = fields["data"]
        text = data if isinstance(data, str) else render_json(data)
        lines += [f"data: {line}\n" for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return f"{''.join(lines)}\n"


def _retry(value: Any) -> str:
    """Milliseconds in digits; a browser ignores anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return str(int(value))
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return value
    raise ValueError(f"an event's retry is {value!r}. Allowed are whole milliseconds from 0")


def render_line(item: object) -> str:
    """One line of NDJSON."""
    return f"{render_json(item)}\n"


class JsonArray:
    """A JSON array, item by item; `item` and `end` return the next text."""

    __slots__ = ("_lead",)

    def __init__(self) -> None:
        self._lead = "["

    def item(self, value: object) -> str:
        """The next item, with its separator."""
        text, self._lead = self._lead + render_json(value), ","
        return text

    def end(self) -> str:
        """The end of the array; the whole of an empty one."""
        return "[]" if self._lead == "[" else "]"
