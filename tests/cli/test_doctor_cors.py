from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from edgeroutes.cli import main
from tests.dev.serving import serving, write_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APP = "https://app.example.com"
ROUTE = f"""
    from edgeroutes import CORS, Response

    cors = CORS(["{APP}", "https://*.preview.example.com"], headers=["x-trace"], expose=["x-total"], credentials=True, max_age=9000)

    def GET():
        1 / 0

    def PUT():
        1 / 0
"""
FILES = {
    "users/[id]": ROUTE,
    "open": "from edgeroutes import CORS\ncors = CORS('*', expose='*')\ndef GET():\n    return {}\n",
    "closed": "def GET():\n    return {}\n",
    "redirecting": "from edgeroutes import Response\ndef OPTIONS():\n    return Response.redirect('/')\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_files(tmp_path, FILES)
    return tmp_path


def output_of(root: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str]]:
    """Exit code and lines of the command."""
    code = main(["doctor", "cors", *arguments, "--root", str(root)])
    return code, capsys.readouterr().out.splitlines()


def test_it_shows_the_exchanges_and_the_checks(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("-o", "HTTPS://App.Example.com:443/", "-X", "put", "-H", "X-Trace: 7", "--credentials")
    assert output_of(root, capsys, "/users/1", *arguments) == (
        0,
        [
            "  ok  The browser sends a preflight, because the method is PUT and the page sets x-trace.",
            "OPTIONS /users/1",
            "  > origin: https://app.example.com",
            "  > access-control-request-method: PUT",
            "  > access-control-request-headers: x-trace",
            "  < 204",
            "  < access-control-allow-origin: https://app.example.com",
            "  < access-control-allow-credentials: true",
            "  < access-control-allow-methods: PUT",
            "  < access-control-allow-headers: x-trace",
            "  < access-control-max-age: 9000",
            "  ok  Access-Control-Allow-Origin is 'https://app.example.com'.",
            "  ok  The preflight's status is 204.",
            "  ok  The method and the headers are allowed.",
            "PUT /users/1",
            "  > origin: https://app.example.com",
            "  < (the status of the route)",
            "  < access-control-allow-origin: https://app.example.com",
            "  < access-control-allow-credentials: true",
            "  < access-control-expose-headers: x-total",
            "  ok  Access-Control-Allow-Origin is 'https://app.example.com'.",
            "  ok  Exposed headers: x-total.",
            "The page can read the response.",
            "note: The page cannot read errors of AWS itself (413, 429, 504 …).",
            "note: Preflights reach CloudFront first, then the functions.",
        ],
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("/users/1", "-o", "https://evil.example"),
            [
                "The browser sends GET without a preflight.",
                "  no  The response has no Access-Control-Allow-Origin.",
                "cannot read the response. Add 'https://evil.example' to the origins of CORS.",
            ],
        ),
        (("/users/1", "-o", "null"), ["Give the page a real origin, or allow '*'"]),
        (
            ("/users/1", "-o", APP, "-H", "authorization"),
            ["  no  Access-Control-Allow-Headers does not name authorization.", "Add authorization to the headers of CORS."],
        ),
        (
            ("/users/1", "-o", APP, "-X", "patch"),
            ["  no  The method patch is not in Access-Control-Allow-Methods.", "Write 'PATCH' in the page: the case of a method matters."],
        ),
        (("/users/1", "-o", APP, "-X", "DELETE"), ["Add 'DELETE' to the methods of CORS, or export it."]),
        (("/none", "-o", APP), ["  no  The response has no Access-Control-Allow-Origin.", "Request a path that exists"]),
        (
            ("/open", "-o", APP, "--credentials"),
            [
                "  no  Access-Control-Allow-Origin is '*', and the request has credentials.",
                "List the origins in CORS, and set credentials=True.",
            ],
        ),
        (("/users/1", "-o", APP, "-X", "TRACE"), ["  no  Pages cannot send TRACE.", "Use another method."]),
        (("/closed", "-o", APP), ["  no  The response has no Access-Control-Allow-Origin."]),
    ],
)  # fmt: skip
def test_it_says_why_the_page_cannot_read(
    root: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: list[str]
) -> None:
    code, lines = output_of(root, capsys, *arguments)
    assert (code, [each for each in words if each not in "\n".join(lines)]) == (1, [])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("/open", "-o", "https://anybody.example"), ["Access-Control-Allow-Origin is '*'.", "Exposed headers: *."]),
        (("/users/1", "-o", APP, "-H", "content-type: text/plain"), ["The browser sends GET without a preflight."]),
        (("/users/1", "-o", APP, "-H", "content-type: application/json"), ["The method and the headers are allowed."]),
        (
            ("/users/1/", "-o", "https://a.b.preview.example.com"),
            [
                "is 'https://a.b.preview.example.com'.",
                "  < 308",
                "  ok  The browser follows the redirect to /users/1. Check that URL, too.",
            ],
        ),
        (("/users/1", "-o", APP, "-H", "cookie: a=1"), ["The browser sends GET without a preflight."]),
        (
            ("http://127.0.0.1:9/", "-o", "http://127.0.0.1:9"),
            ["The URL has the page's own origin, so CORS does not apply."],
        ),
    ],
)
def test_it_says_that_the_page_can(
    root: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: list[str]
) -> None:
    code, lines = output_of(root, capsys, *arguments)
    assert (code, [each for each in words if each not in "\n".join(lines)]) == (0, [])


@pytest.mark.parametrize(
    ("settings", "note"),
    [
        (
            f"origins = ['{APP}', 'https://b.example']",
            "The page can read errors of API Gateway and CloudFront itself (413, 429, 504 …).",
        ),
        (
            f"origins = '{APP}'\nmethods = ['GET']",
            "The page can read errors of API Gateway itself (413, 429, 504 …).",
        ),
        (
            "origins = 'regex:https://[a-z]+[.]example[.]com'",
            "The page cannot read errors of AWS itself (413, 429, 504 …).",
        ),
    ],
)
def test_it_says_what_stays_uncovered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: str, note: str
) -> None:
    write_files(
        tmp_path, {"pyproject.toml": f"[tool.edgeroutes.cors]\n{settings}\n", "a": "def GET():\n    return {}\n"}
    )
    code, lines = output_of(tmp_path, capsys, "/a", "-o", APP)
    assert (code, lines[-2]) == (0, f"note: {note}")


def test_json_is_for_programs(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = output_of(root, capsys, "/closed", "-o", APP, "--json")
    document = json.loads("\n".join(lines))
    assert (code, document["readable"], document["steps"][-1]) == (
        1,
        False,
        {
            "passes": False,
            "words": "The response has no Access-Control-Allow-Origin.",
            "hint": f"Add {APP!r} to the origins of CORS",
            "exchange": ["GET /closed", f"  > origin: {APP}", "  < (the status of the route)"],
        },
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("users", "-o", APP), "'users' is not a path, which starts with '/', and not an http or https URL"),
        (("/users", "-o", "app"), "--origin is 'app'. Allowed is scheme://host"),
    ],
)
def test_it_may_be_used_wrongly(
    root: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert main(["doctor", "cors", *arguments, "--root", str(root)]) == 2
    assert message in capsys.readouterr().err


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("live"), FILES) as served:
        yield f"http://127.0.0.1:{served.server.port}"


@pytest.mark.parametrize(
    ("path", "arguments", "code", "last"),
    [
        (
            "/users/1",
            ("-X", "PUT", "-H", "x-trace: 7"),
            0,
            "PUT can change data, so a GET of the same URL was sent instead.",
        ),
        ("/users/1", ("-X", "DELETE"), 1, "Add 'DELETE' to the methods of CORS, or export it"),
        ("/open", (), 0, "The page can read the response."),
        ("/closed", (), 1, "The response has no Access-Control-Allow-Origin."),
        ("/redirecting", ("-X", "PUT"), 1, "The response has no Access-Control-Allow-Origin."),
    ],
)
def test_it_sends_requests_to_a_server(  # noqa: PLR0917
    live: str,
    root: Path,
    capsys: pytest.CaptureFixture[str],
    path: str,
    arguments: tuple[str, ...],
    code: int,
    last: str,
) -> None:
    found, lines = output_of(root, capsys, live + path, "-o", APP, *arguments)
    assert (found, last in "\n".join(lines)) == (code, True)


def test_a_server_that_does_not_is_an_error(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "cors", "http://127.0.0.1:9/", "-o", APP, "--root", str(root)]) == 1
    assert "http://127.0.0.1:9/: the request failed: ConnectionRefusedError" in capsys.readouterr().err
