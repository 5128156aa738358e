from __future__ import annotations

import json

import pytest

from edgeroutes.dev.error_page import for_browser, prefers_html
from edgeroutes.dev.gateway import HttpAnswer

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("text/html;q=0.5, application/json;q=0.4", True),
        ("text/html;q=0.5, application/json", False),
        ("application/problem+json, text/html;q=0.9", False),
        ("*/*", False),
        ("application/json", False),
        ("text/html;q=0", False),
        ("text/html;q=wrong", False),
        ("", False),
    ],
)
def test_who_prefers_a_page(accept: str, html: bool) -> None:
    assert prefers_html(accept) is html


def problem(status: int = 500, **members: object) -> HttpAnswer:
    document = {
        "title": "Internal Server Error",
        "status": status,
        "detail": "ValueError: <b>",
        "instance": "/a",
        **members,
    }
    headers = [("content-type", "application/problem+json"), ("cache-control", "private, no-store")]
    return HttpAnswer(status=status, headers=headers, body=json.dumps(document).encode())


def test_a_page_has_the_error_and_its_lines_and_nothing_of_them_is_markup() -> None:
    page = for_browser(problem(traceback=["functions/a/route.py:1 in GET: <i>"]), BROWSER)
    assert page.headers == [("content-type", "text/html; charset=utf-8"), ("cache-control", "private, no-store")]
    text = page.body.decode()
    assert "<title>500 Internal Server Error</title>" in text
    assert '<pre class="what">ValueError: &lt;b&gt;</pre>' in text
    assert "<pre>functions/a/route.py:1 in GET: &lt;i&gt;</pre>" in text


@pytest.mark.parametrize(
    ("answer", "accept"),
    [
        (problem(traceback=[]), "*/*"),
        (problem(status=404, traceback=[]), BROWSER),
        (problem(), BROWSER),
        (HttpAnswer(status=500, headers=[("content-type", "application/json")], body=b"{}"), BROWSER),
    ],
    ids=["another client", "no 500", "the handler's own 500", "no problem"],
)
def test_anything_else_stays_as_it_is(answer: HttpAnswer, accept: str) -> None:
    assert for_browser(answer, accept) is answer
