"""What functions write, as values."""

from __future__ import annotations

import gc
import io
import logging
import sys
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from edgeroutes.testing.environment import Metric, Output

if TYPE_CHECKING:
    import pytest


def test_lines_are_values_and_go_on_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output()
    with output.captured():
        print('{"message": "one", "n": 1}\nplain')
        sys.stdout.write("begun")
    print("outside")
    assert output.logs == [{"message": "one", "n": 1}, {"message": "plain"}, {"message": "begun"}]
    assert capsys.readouterr().out == '{"message": "one", "n": 1}\nplain\nbegunoutside\n'


def test_it_may_be_collected_after_what_is_underneath_was_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stdout)
    with Output().captured():
        print("taken")
    stdout.close()
    unraised: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", unraised.append)
    gc.collect()
    assert unraised == []


def test_a_logger_made_before_or_meanwhile_is_captured_while_a_function_runs_alone() -> None:
    output, before = Output(), Logger(service="made-before")
    with output.captured():
        before.info("one")
        meanwhile = Logger(service="made-meanwhile")
        meanwhile.info("two")
    before.info("outside")
    meanwhile.info("outside")
    assert [(line["service"], line["message"]) for line in output.logs] == [
        ("made-before", "one"),
        ("made-meanwhile", "two"),
    ]


def test_what_has_no_handler_is_taken_from_the_root_with_its_exception() -> None:
    output, logger = Output(), logging.getLogger("a.library")
    with output.captured():
        logger.info("below the root's level")
        try:
            int("broken")
        except ValueError:
            logger.exception("%s failed", "it")
    (line,) = output.logs
    assert line.pop("exception").endswith("ValueError: invalid literal for int() with base 10: 'broken'")
    assert line == {"level": "ERROR", "message": "it failed", "logger": "a.library"}


def test_embedded_metrics_are_not_log_lines() -> None:
    output = Output()
    with output.captured():
        print(
            '{"_aws": {"Timestamp": 1, "CloudWatchMetrics": [{"Namespace": "shop", "Dimensions": [["route", "service"]],'
            ' "Metrics": [{"Name": "Orders", "Unit": "Count"}, {"Name": "Took", "Unit": "Milliseconds"}]}]},'
            ' "route": "/orders", "service": "web", "Orders": [1.0, 2.0], "Took": 12.5}'
        )
    own = {"namespace": "shop", "dimensions": {"route": "/orders", "service": "web"}}
    assert output.metrics == [
        Metric(name="Orders", values=(1.0, 2.0), unit="Count", **own),
        Metric(name="Took", values=(12.5,), unit="Milliseconds", **own),
    ]
    assert output.logs == []
