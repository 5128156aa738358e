"""JSON bodies, read strictly, with the place of each problem. Loaded with the first body."""

from __future__ import annotations

import json
import re

from edgeroutes.http.interrupts import HTTPError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Nested arrays and objects, as many as pydantic allows. Python's decoder allows about a thousand, which leaves no stack to callers.
MAX_DEPTH = 200


def parse_json(body: bytes) -> Any:
    """A JSON document; a byte order mark is allowed, and the last of equal names in an object counts.

    Its values can be rendered again: numbers are finite, strings are Unicode.

    Raises:
        HTTPError: 400 with the line and column of a syntax error, or the fields whose values cannot be rendered again.
    """
    try:
        text = body.decode()
        value, end = _scan(text)
        if end != len(text):
            value = _DECODER.decode(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        detail = f"the request body is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        raise HTTPError(400, detail) from error
    except UnicodeDecodeError as error:
        raise HTTPError(400, f"the request body is not valid UTF-8: byte {error.start}") from error
    except RecursionError as error:
        raise HTTPError(400, _TOO_DEEP) from error
    except ValueError as error:
        from edgeroutes.http.json_checks import explain_number

        raise explain_number(body, error) from error
    if len(body) > 2 * MAX_DEPTH and body.count(b"[") + body.count(b"{") > MAX_DEPTH and _is_too_deep(value):
        raise HTTPError(400, _TOO_DEEP)
    if may_be_unsendable(body):
        from edgeroutes.http.json_checks import require_sendable

        require_sendable(value)
    return value


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            part
            for container in level
            for part in (container.values() if container.__class__ is dict else container)
            if part.__class__ is dict or part.__class__ is list
        ]
        if not level:
            return False
    return True


def may_be_unsendable(body: bytes) -> bool:
    """Whether a JSON text may hold a number beyond a float, or half of a surrogate pair: a search, quicker than a look at each value.

    A number below 200 digits with an exponent below 100 is a finite one.
    """
    if b"\\" in body and _surrogate(body):
        return True
    shape = body.translate(_SHAPE)
    return b"0e000" in shape or (_SOME_DIGITS in shape and _MANY_DIGITS in shape)


_TOO_DEEP = f"the body is nested too deep: {MAX_DEPTH} levels are allowed"
_surrogate = re.compile(rb"\\u[dD][89a-fA-F]").search
_SHAPE = bytes.maketrans(b"123456789+E", b"0000000000e")
_SOME_DIGITS, _MANY_DIGITS = b"0" * 90, b"0" * 200  # below 100 bytes bytes.find prepares nothing


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
_scan_once = _DECODER.scan_once  # type: ignore[attr-defined]  # set by its __init__


def _scan(text: str) -> tuple[Any, int]:
    """The document and where it ends, without the decoder's search for white space, which clients seldom send; -1: look."""
    try:
        found: tuple[Any, int] = _scan_once(text, 0)
    except StopIteration:
        return None, -1
    return found
