"""Powertools with the request in it, through the Lambda event path."""

import json
import textwrap

import pytest

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


def test_metrics_of_a_request_are_written_once_after_its_answer_with_the_route_as_dimension(client, capfd):
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
