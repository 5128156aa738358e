"""Bodies of requests: JSON, read strictly with the place of each problem, and forms. Loaded with the first body."""

from __future__ import annotations

import json
import re

from edgeroutes.http.interrupts import HTTPError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    from starlette.datastructures import FormData

    from edgeroutes.http.problem import Problems


# Nested arrays and objects, as many as pydantic allows. Python's decoder allows about a thousand, which leaves no stack to callers.
_MAX_DEPTH = 200


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
        raise _explain_number(body, error) from error
    if len(body) > 2 * _MAX_DEPTH and body.count(b"[") + body.count(b"{") > _MAX_DEPTH and _is_too_deep(value):
        raise HTTPError(400, _TOO_DEEP)
    if may_be_unsendable(body):
        _require_sendable(value)
    return value


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_MAX_DEPTH):
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


_TOO_DEEP = f"the body is nested too deep: {_MAX_DEPTH} levels are allowed"
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


_MAX_DIGITS = 4300  # Source: sys.int_info.default_max_str_digits
NOT_FINITE = f"must be a finite number of at most {_MAX_DIGITS} digits"
_NOT_UNICODE = "must not contain half of a surrogate pair"


def _require_sendable(value: Any) -> None:
    """Raise HTTPError 400 that names each field whose value is not a finite number or not Unicode."""
    from edgeroutes.http.problem import Problems

    problems = Problems()
    _find_unsendable(value, problems)
    if problems:
        raise HTTPError(400, errors=problems.errors())


def _find_unsendable(value: Any, problems: Problems) -> None:
    if value.__class__ is str:
        if not _is_unicode(value):
            problems.add(_NOT_UNICODE)
    elif value.__class__ is float:
        if value - value != 0:
            problems.add(NOT_FINITE)
    elif value.__class__ is dict:
        _find_in_object(value, problems)
    elif value.__class__ is list:
        _find_in_array(value, problems)


def _find_in_array(value: list[Any], problems: Problems) -> None:
    known = len(problems)
    for place, part in enumerate(value):
        if part.__class__ is not int:
            _find_unsendable(part, problems)
        if len(problems) != known:
            if problems.put_under(str(place), known):
                return
            known = len(problems)


def _find_in_object(value: dict[str, Any], problems: Problems) -> None:
    known = len(problems)
    for name, part in value.items():
        if not _is_unicode(name):
            problems.add(f"its name {_NOT_UNICODE}")
        _find_unsendable(part, problems)
        if len(problems) != known:
            if problems.put_under(name, known):
                return
            known = len(problems)


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _explain_number(body: bytes, error: ValueError) -> HTTPError:
    """The error for a number that JSON or Python does not know: NaN, Infinity, thousands of digits; with its field.

    Args:
        body: Which was not read for it.
        error: What the decoder raised.
    """
    detail = f"the request body is not valid JSON: {error}" if "digits" not in str(error) else ""
    try:
        lenient = json.JSONDecoder(parse_constant=float, parse_int=_lenient_int)
        _require_sendable(lenient.decode(body.decode("utf-8-sig")))
    except HTTPError as found:
        return HTTPError(400, detail, errors=found.errors)
    except (ValueError, RecursionError):
        pass
    return HTTPError(400, detail or f"a number {NOT_FINITE}")


def _lenient_int(digits: str) -> float | int:
    return int(digits) if len(digits) <= _MAX_DIGITS else float("inf")


# As Starlette's. Each limit is for one request; `request.form(max_fields=…, max_files=…)` sets others.
MAX_FIELDS = 1_000
_MAX_FILES = 1_000
_MAX_NAME_BYTES = 1_000

_UTF_8 = ("utf-8", "utf8", "us-ascii")
_PIECE_BYTES = 16_384


class FormLimits:
    """How much a form may have; `max_part_size` is of each field that is not a file, in bytes."""

    __slots__ = ("max_fields", "max_files", "max_part_size")

    def __init__(
        self, max_files: float | None = None, max_fields: float | None = None, max_part_size: int | None = None
    ) -> None:
        self.max_files = _MAX_FILES if max_files is None else max_files
        self.max_fields = MAX_FIELDS if max_fields is None else max_fields
        self.max_part_size = max_part_size


class FormReading:
    """A form that is about to be read: `await` it, or use it with `async with`, which closes its files."""

    __slots__ = ("_form", "_read")

    def __init__(self, read: Callable[[], Any]) -> None:
        self._read = read
        self._form: Any = None

    def __await__(self) -> Generator[Any, None, FormData]:
        return self._read().__await__()  # type: ignore[no-any-return]

    async def __aenter__(self) -> FormData:
        self._form = await self
        return self._form  # type: ignore[no-any-return]

    async def __aexit__(self, *_: object) -> None:
        await self._form.close()


def decode_urlencoded(body: bytes, max_fields: float = MAX_FIELDS) -> list[tuple[str, str]]:
    """The fields of an urlencoded form, in order. What is not UTF-8 becomes U+FFFD.

    Raises:
        HTTPError: 413 for too many fields, or a name that is too long.

    Source: url.spec.whatwg.org §5.1, read 2026-11-30.
    """
    found: list[tuple[str, str]] = []
    for match in re.finditer(rb"[^&]+", body):
        if len(found) >= max_fields:
            raise too_many("fields", max_fields, "max_fields")
        name, _, value = match[0].partition(b"=")
        require_short_name(name)
        found.append((_decode(name), _decode(value)))
    return found


def _decode(text: bytes) -> str:
    if b"+" in text:
        text = text.replace(b"+", b" ")
    if b"%" in text:
        text = _unescape(text)
    return text.decode("utf-8", "replace")


def _unescape(text: bytes) -> bytes:
    """The text without percent-encoding, piece by piece: urllib takes 76 times the memory of what is all escapes."""
    from urllib.parse import unquote_to_bytes

    pieces = []
    start = 0
    while start < len(text):
        end = start + _PIECE_BYTES
        while b"%" in text[end - 2 : end] and end < len(text):  # no escape is cut
            end += 1
        pieces.append(unquote_to_bytes(text[start:end]))
        start = end
    return b"".join(pieces)


def require_short_name(name: bytes | str) -> None:
    """Raise HTTPError 413 for a field's name that is too long."""
    if len(name) > _MAX_NAME_BYTES:
        raise HTTPError(413, f"a field's name in the form is longer than {_MAX_NAME_BYTES} bytes")


def too_many(what: str, limit: float, option: str) -> HTTPError:
    """The error for a form with more than `limit` of something."""
    return HTTPError(413, f"the form has more than {limit} {what}, which is the limit ({option})")


def require_utf_8(content_type: str) -> None:
    """Raise HTTPError 415 for a form in another charset than UTF-8."""
    named = re.search(r"""; *charset *= *["']?([^\s;"']*)""", content_type, re.IGNORECASE)
    if named and named[1].lower() not in _UTF_8:
        raise HTTPError(415, f"the form's charset is {named[1]}: send UTF-8")
