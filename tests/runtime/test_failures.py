"""What nobody caught: nothing of it for the client, one line for the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.project import RouteProject

    Make = Callable[..., RouteProject]

SECRET = """\
from .store import find
async def GET(id: str):
    password = "hunter2"
    return find(id)
"""
STORE = """\
def find(id):
    raise KeyError("secret " + id)
"""
FILES = {"[id]/route.py": SECRET, "[id]/store.py": STORE}


def test_a_500_says_nothing_of_the_cause(project: Make, log_lines: Callable[[], list[dict[str, Any]]]) -> None:
    response = project(FILES).get("/seven")

    assert (response.status, response.headers, response.text) == (
        500,
        [("content-type", "application/problem+json"), ("cache-control", "private, no-store")],
        (
            '{"type":"about:blank","title":"Internal Server Error","status":500,'
            '"detail":"the server could not handle the request","instance":"/seven","request_id":"request-1"}'
        ),
    )
    assert len(log_lines()) == 1


def test_the_log_has_one_line_with_the_exception_and_the_request(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    project(FILES).get("/seven?token=abc")

    (line,) = log_lines()
    trace, timestamp = line.pop("exception"), line.pop("timestamp")
    assert line == {
        "level": "ERROR",
        "message": "GET /[id] failed",
        "route": "/[id]",
        "method": "GET",
        "path": "/seven",
        "request_id": "request-1",
        "exception_name": "KeyError",
    }
    assert trace.startswith("Traceback (most recent call last):\n")
    assert trace.endswith("KeyError: 'secret seven'\n")
    assert len(timestamp) == len("2026-11-21T08:13:54.215Z")


def test_in_debug_the_body_has_the_authors_own_lines(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    routes = project(FILES, debug=True)

    document = routes.get("/seven").json()

    assert (document["detail"], document["traceback"]) == (
        "KeyError: 'secret seven'",
        [
            f"{routes.app_dir}/[id]/route.py:4 in GET: return find(id)",
            f'{routes.app_dir}/[id]/store.py:2 in find: raise KeyError("secret " + id)',
        ],
    )
    assert len(log_lines()) == 1


def test_in_debug_what_was_raised_from_something_else_keeps_its_own_place(project: Make) -> None:
    source = "def GET():\n    try:\n        {}['a']\n    except KeyError as error:\n        raise ValueError('b') from error\n"
    routes = project(source, debug=True)

    assert routes.get("/x").json()["traceback"] == [
        f"{routes.app_dir}/x/route.py:5 in GET: raise ValueError('b') from error"
    ]


def test_in_debug_an_endless_recursion_is_shown_by_its_ends(project: Make) -> None:
    routes = project("def GET():\n    return again()\n\ndef again():\n    return again()\n", debug=True)

    first, *others = routes.get("/x").json()["traceback"]

    assert first == f"{routes.app_dir}/x/route.py:2 in GET: return again()"
    assert (len(others), others[0], others[-1]) == (20, others[1], others[0])
    assert others[9].startswith("… ")


def test_in_debug_a_file_that_does_not_import_shows_the_line(project: Make) -> None:
    routes = project("\nvalue = 1 / 0\n", debug=True)

    document = routes.get("/x").json()

    place = f"{routes.app_dir}/x/route.py:2"
    assert document["detail"] == (
        f"ImportRaisedError: {place}: ZeroDivisionError was raised while it was imported: division by zero."
    )
    assert document["traceback"] == [f"{place} in <module>: value = 1 / 0"]
