from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from edgeroutes.runtime.log import add_writer, log_exception, log_warning, write_line
from tests.fakes.incoming import FakeIncoming

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pytest


def test_a_line_is_one_json_document_whatever_stands_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    write_line("INFO", "a\nb", thing=object, text="ä", missing=None)

    out = capsys.readouterr().out
    line = json.loads(out)
    assert (out.count("\n"), out.isascii()) == (1, True)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("timestamp"))
    assert line == {"level": "INFO", "message": "a\nb", "thing": "<class 'object'>", "text": "ä", "missing": None}


def test_an_exception_has_its_traceback_and_its_causes(log_lines: Callable[[], list[dict[str, Any]]]) -> None:
    error = ValueError("second")
    error.__cause__ = KeyError("first")

    log_exception(error, "it failed", FakeIncoming("PUT", "/a?b=1"), route="/[a]")

    (line,) = log_lines()
    assert (line["level"], line["method"], line["path"], line["request_id"], line["route"], line["exception_name"]) == (
        "ERROR",
        "PUT",
        "/a",
        "request-1",
        "/[a]",
        "ValueError",
    )
    assert "KeyError: 'first'" in line["exception"]
    assert line["exception"].endswith("ValueError: second\n")


def test_without_a_request_there_is_nothing_of_one(log_lines: Callable[[], list[dict[str, Any]]]) -> None:
    log_exception(ValueError("a"), "it failed")
    log_warning("careful", count=1)

    failed, warned = log_lines()
    assert sorted(failed) == ["exception", "exception_name", "level", "message", "timestamp"]
    assert (warned["level"], warned["message"], warned["count"]) == ("WARNING", "careful", 1)


def test_a_writer_takes_the_lines_until_it_is_taken_out(log_lines: Callable[[], list[dict[str, Any]]]) -> None:
    taken: list[tuple[str, str, dict[str, object], str]] = []

    def write(level: str, message: str, fields: Mapping[str, object], error: BaseException | None) -> None:
        taken.append((level, message, dict(fields), repr(error)))

    remove = add_writer(write)
    log_warning("one", count=1)
    log_exception(ValueError("two"), "failed", route="/x")
    remove()
    log_warning("three")

    assert taken == [
        ("WARNING", "one", {"count": 1}, "None"),
        ("ERROR", "failed", {"route": "/x"}, "ValueError('two')"),
    ]
    assert [line["message"] for line in log_lines()] == ["three"]
