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


def said(root: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str]]:
    """Exit code and lines of the command."""
    code = main(["doctor", "cors", *arguments, "--root", str(root)])
    return code, capsys.readouterr().out.splitlines()


def test_it_tells_step_by_step_what_a_browser_does(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answered = said(
        root, capsys, "/users/1", "-o", "HTTPS://App.Example.com:443/", "-X", "put", "-H", "X-Trace: 7", "--credentials"
    )
    assert answered == (
        0,
        [
            "PUT /users/1 by a page of https://app.example.com",
            "  ok  The browser asks first, by a preflight, since PUT is no simple method and x-trace is set by the page.",
            "  ok  Access-Control-Allow-Origin is 'https://app.example.com'.",
            "  ok  The preflight is answered with 204.",
            "  ok  PUT with x-trace is allowed.",
            "  ok  It may be remembered for 9000 seconds (Chromium 7200, Safari 600 at most).",
            "  ok  Access-Control-Allow-Origin is 'https://app.example.com'.",
            "  ok  The page may read x-total beside the usual ones.",
            "The page can read the answer.",
            (
                "note: Errors of API Gateway and CloudFront themselves (413, 429, 504 …) cannot be read: routes have CORS of "
                "their own, and [tool.edgeroutes.cors], which those errors go by, is not set."
            ),
            "note: Preflights are answered by CloudFront, where it knows the route's CORS, else by the functions.",
        ],
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("/users/1", "-o", "https://evil.example"),
            [
                "GET with no header that needs leave.",
                "  no  The 204 has no Access-Control-Allow-Origin.",
                "cannot read the answer. Add 'https://evil.example' to the origins of CORS.",
            ],
        ),
        (("/users/1", "-o", "null"), ["Give the page an origin of its own, or allow '*'"]),
        (
            ("/users/1", "-o", APP, "-H", "authorization"),
            ["  no  authorization is not allowed.", "Add authorization to the headers of CORS."],
        ),
        (
            ("/users/1", "-o", APP, "-X", "patch"),
            ["  no  The method patch is not allowed.", "Write 'PATCH' in the page: methods are compared letter by letter."],
        ),
        (("/users/1", "-o", APP, "-X", "DELETE"), ["Add 'DELETE' to the methods, or export it."]),
        (("/none", "-o", APP), ["  no  The 404 has no Access-Control-Allow-Origin.", "Ask for a path that exists"]),
        (
            ("/open", "-o", APP, "--credentials"),
            [
                "  no  Access-Control-Allow-Origin is '*', and the request has credentials.",
                "Name the origins, and say credentials=True.",
            ],
        ),
        (("/users/1", "-o", APP, "-X", "TRACE"), ["  no  No page may ask by TRACE.", "Take a method that pages may use."]),
        (("/closed", "-o", APP), ["  no  The 204 has no Access-Control-Allow-Origin."]),
    ],
)  # fmt: skip
def test_it_says_why_the_page_cannot_read(
    root: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: list[str]
) -> None:
    code, lines = said(root, capsys, *arguments)
    assert (code, [each for each in words if each not in "\n".join(lines)]) == (1, [])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("/open", "-o", "https://anybody.example"), ["is '*': everybody.", "The page may read every header."]),
        (("/users/1", "-o", APP, "-H", "content-type: text/plain"), ["GET with no header that needs leave."]),
        (("/users/1", "-o", APP, "-H", "content-type: application/json"), ["GET with content-type is allowed."]),
        (
            ("/users/1/", "-o", "https://a.b.preview.example.com"),
            [
                "is 'https://a.b.preview.example.com'.",
                "  ok  The browser follows to /users/1.",
                "The page may read x-total",
            ],
        ),
        (("/users/1", "-o", APP, "-H", "cookie: a=1"), ["No page may set cookie: the browser leaves it out."]),
        (("http://127.0.0.1:9/", "-o", "http://127.0.0.1:9"), ["The page asks its own origin: CORS has no say."]),
    ],
)
def test_it_says_that_the_page_can(
    root: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: list[str]
) -> None:
    code, lines = said(root, capsys, *arguments)
    assert (code, [each for each in words if each not in "\n".join(lines)]) == (0, [])


@pytest.mark.parametrize(
    ("settings", "note"),
    [
        (
            f"origins = ['{APP}', 'https://b.example']",
            "Errors of CloudFront and API Gateway themselves can be read, like the rest.",
        ),
        (
            f"origins = '{APP}'\nmethods = ['GET']",
            f"Errors of API Gateway itself (413, 429, 504 …) can be read: they allow '{APP}'. Those of CloudFront cannot.",
        ),
        (
            "origins = 'regex:https://[a-z]+[.]example[.]com'",
            (
                "Errors of API Gateway and CloudFront themselves (413, 429, 504 …) cannot be read: they are the same for every "
                "request or go by a list of origins, and the routes' CORS is neither."
            ),
        ),
    ],
)
def test_it_says_what_stays_uncovered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: str, note: str
) -> None:
    write_files(
        tmp_path, {"pyproject.toml": f"[tool.edgeroutes.cors]\n{settings}\n", "a": "def GET():\n    return {}\n"}
    )
    code, lines = said(tmp_path, capsys, "/a", "-o", APP)
    assert (code, lines[-2]) == (0, f"note: {note}")


def test_json_is_for_programs(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = said(root, capsys, "/closed", "-o", APP, "--json")
    document = json.loads("\n".join(lines))
    assert (code, document["readable"], document["steps"][-1]) == (
        1,
        False,
        {
            "passes": False,
            "words": "The 204 has no Access-Control-Allow-Origin.",
            "hint": f"Add {APP!r} to the origins of CORS",
        },
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("users", "-o", APP), "'users' is neither a path, which starts with '/', nor an http or https URL"),
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
        ("/users/1", ("-X", "PUT", "-H", "x-trace: 7"), 0, "PUT itself was not sent"),
        ("/users/1", ("-X", "DELETE"), 1, "Add 'DELETE' to the methods, or export it"),
        ("/open", (), 0, "The page can read the answer."),
        ("/closed", (), 1, "The 200 has no Access-Control-Allow-Origin."),
        ("/redirecting", ("-X", "PUT"), 1, "The 307 has no Access-Control-Allow-Origin."),
    ],
)
def test_a_server_that_runs_is_asked(  # noqa: PLR0917
    live: str,
    root: Path,
    capsys: pytest.CaptureFixture[str],
    path: str,
    arguments: tuple[str, ...],
    code: int,
    last: str,
) -> None:
    found, lines = said(root, capsys, live + path, "-o", APP, *arguments)
    assert (found, last in "\n".join(lines)) == (code, True)


def test_a_server_that_does_not_is_an_error(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "cors", "http://127.0.0.1:9/", "-o", APP, "--root", str(root)]) == 1
    assert "http://127.0.0.1:9/: the server cannot be asked: ConnectionRefusedError" in capsys.readouterr().err
