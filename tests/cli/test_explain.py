from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from edgeroutes.cli.app import run

if TYPE_CHECKING:
    from pathlib import Path


def test_an_explanation_is_read_by_people(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "/products/7?x=1", "--root", str(project)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "GET        /products/7?x=1",
        "handler    GET in functions/(shop)/products/[id]/route.py:4",
        "function   ProductsIdFunction",
        "route      /products/[id]  functions/(shop)/products/[id]/route.py",
        "params     id = '7'",
        "middleware functions/(shop)/middleware.py",
        "methods    GET, HEAD, OPTIONS, PUT",
        "cache      60 s: public, s-maxage=60, stale-while-revalidate=31535940, stale-if-error=31535940",
        "source     functions/(shop)/products/[id]/route.py:1 sets revalidate = 60",
        "exceptions the response sets a cookie, or has a status that is not cached",
        "           a fetch() or cached() in it has a shorter lifetime; their tags are added",
        "           the handler sets its own Cache-Control",
        "key        GET /products/7?x=1",
        "tags       products, shop, _path:/products/7",
        "cors       none: pages of other origins cannot read the response",
    ]


def test_and_by_programs(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "/hello/", "-X", "post", "-H", "Accept-Encoding: br", "--json", "--root", str(project)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["method"], found["status"], found["location"]) == ("POST", 308, "/hello")
    assert found["caching"]["source"] == ["a 308 of edgeroutes is never cached"]


@pytest.mark.parametrize(
    "arguments", [["hello"], ["/hello", "-H", "nothing"], ["/hello", "-X", "no method"], ["ftp://host/x"]]
)
def test_what_is_not_a_request_is_refused(
    project: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["explain", *arguments, "--root", str(project)]) == 2
    assert "Error: " in capsys.readouterr().err
