"""What JSON may contain that cannot be sent on: numbers beyond a float, halves of surrogate pairs.

Loaded for bodies in which a search of the bytes finds a sign of it; see `json_body`.
"""

from __future__ import annotations

import json

from edgeroutes.http.field_problems import Problems
from edgeroutes.http.interrupts import HTTPError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MAX_DIGITS = 4300  # Source: sys.int_info.default_max_str_digits
NOT_FINITE = f"must be a finite number of at most {_MAX_DIGITS} digits"
_NOT_UNICODE = "must not contain half of a surrogate pair"


def require_sendable(value: Any) -> None:
    """Raise HTTPError 400 that names each field whose value is not a finite number or not Unicode."""
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


def explain_number(body: bytes, error: ValueError) -> HTTPError:
    """The error for a number that JSON or Python does not know: NaN, Infinity, thousands of digits; with its field.

    Args:
        body: Which was not read for it.
        error: What the decoder raised.
    """
    detail = f"the request body is not valid JSON: {error}" if "digits" not in str(error) else ""
    try:
        require_sendable(_LENIENT.decode(body.decode("utf-8-sig")))
    except HTTPError as found:
        return HTTPError(400, detail, errors=found.errors)
    except (ValueError, RecursionError):
        pass
    return HTTPError(400, detail or f"a number {NOT_FINITE}")


def _lenient_int(digits: str) -> float | int:
    return int(digits) if len(digits) <= _MAX_DIGITS else float("inf")


_LENIENT = json.JSONDecoder(parse_constant=float, parse_int=_lenient_int)
