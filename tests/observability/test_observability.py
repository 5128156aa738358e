"""Powertools with the request in it, through the Lambda event path."""

import json
import textwrap

import pytest

from edgeroutes.runtime.log import add_writer
from edgeroutes.testing import RouteClient


@pytest.fixture
def client(tmp_path):
    folder = tmp_path / "functions" / "orders" / "[id]"
    folder.mkdir(parents=True)
    (folder / "route.py").write_text(
        textwrap.dedent("""
        from edgeroutes import after, logger, metrics

        def POST(id: int):
            logger.info("order taken", extra={"order": id})
            metrics.add_metric("orders", "Count", 1)
            metrics.add_metric("items", "Count", 3)
            after(print, "after")
            return {"id": id}
        """),
        "utf-8",
    )
    return RouteClient(tmp_path)


def test_a_log_line_names_the_request_that_it_belongs_to(client, capfd):
    client.post("/orders/7")
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines() if "order taken" in line]
    assert [(line["message"], line["route"], line["method"], line["path"], line["order"]) for line in lines] == [
        ("order taken", "/orders/[id]", "POST", "/orders/7", 7)
    ]
    assert lines[0]["request_id"]


def test_metrics_of_a_request_are_written_once_after_its_response_with_the_route_as_dimension(client, capfd):
    client.post("/orders/7")
    documents = [json.loads(line) for line in capfd.readouterr().out.splitlines() if '"_aws"' in line]
    assert [(document["route"], document["orders"], document["items"]) for document in documents] == [
        ("/orders/[id]", [1.0], [3.0])
    ]


def test_metrics_of_the_next_request_do_not_have_those_of_the_one_before(client, capfd):
    client.post("/orders/7")
    client.post("/orders/8")
    documents = [json.loads(line) for line in capfd.readouterr().out.splitlines() if '"_aws"' in line]
    assert [document["orders"] for document in documents] == [[1.0], [1.0]]


def test_in_dev_a_line_is_given_to_the_terminal_with_the_authors_own_keys_alone(tmp_path, capfd):
    (tmp_path / "functions" / "orders").mkdir(parents=True)
    (tmp_path / "functions" / "orders" / "route.py").write_text(
        textwrap.dedent("""
        from edgeroutes import logger, metrics

        def GET():
            logger.info("order %s taken", 7, extra={"order": 7})
            logger.warning({"an": "object"})
            metrics.add_metric("orders", "Count", 1)
            metrics.add_metric("orders", "Count", 2)
            try:
                1 / 0
            except ZeroDivisionError:
                logger.exception("it failed")
            return {}
        """),
        "utf-8",
    )
    lines = []
    end = add_writer(lambda *line: lines.append(line))
    try:
        RouteClient(tmp_path).get("/orders")
    finally:
        end()
    assert [(level, message, dict(fields)) for level, message, fields, _ in lines] == [
        ("INFO", "order 7 taken", {"order": 7}),
        ("WARNING", '{"an": "object"}', {}),
        ("ERROR", "it failed", {}),
        ("INFO", "metrics: orders 1+2 Count", {"route": "/orders"}),
    ]
    assert [type(error) for *_, error in lines if error is not None] == [ZeroDivisionError]
    assert capfd.readouterr().out == ""
