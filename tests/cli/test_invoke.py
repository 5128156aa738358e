from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.cli import main
from edgeroutes.cli.app import run

if TYPE_CHECKING:
    from pathlib import Path


class Invoke:
    def __init__(self, project: Path, capture: pytest.CaptureFixture[bytes]) -> None:
        self._project = project
        self._capture = capture

    def __call__(self, *arguments: str) -> tuple[int, bytes, str]:
        code = main(["invoke", *arguments, "--root", str(self._project)])
        out, err = self._capture.readouterr()
        return code, out, err.decode()


@pytest.fixture
def invoke(project: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Invoke:
    return Invoke(project, capfdbinary)


def test_the_body_is_printed_as_it_is(invoke: Invoke) -> None:
    assert invoke("GET", "/hello?name=Ada") == (0, b'{"hello":"Ada"}', "")


def test_a_method_may_be_written_small(invoke: Invoke) -> None:
    assert invoke("get", "/hello")[1] == b'{"hello":"world"}'


def test_what_the_project_prints_goes_to_standard_error(invoke: Invoke) -> None:
    assert invoke("POST", "/echo", "-d", '{"a": 1}') == (0, b'{"a": 1}', "the handler was here\n")


def test_with_i_status_and_headers_are_printed_too(invoke: Invoke) -> None:
    code, out, _ = invoke("POST", "/echo", "-d", "a=1", "-i")
    head, _, body = out.decode().partition("\n\n")
    lines = head.splitlines()
    assert (code, body, lines[0]) == (0, "a=1", "HTTP/1.1 201 Created")
    assert {"content-type: application/x-www-form-urlencoded", "x-one: 1"} <= set(lines)


@pytest.mark.parametrize(
    ("data", "headers", "content_type"),
    [
        ('{"a": 1}', [], "application/json"),
        ("[1]", [], "application/json"),
        ("a=1", [], "application/x-www-form-urlencoded"),
        ("1", [], "application/x-www-form-urlencoded"),
        ('{"a": 1}', ["-H", "content-type: text/plain"], "text/plain"),
    ],
)
def test_the_type_of_a_body_is_guessed_unless_told(
    invoke: Invoke, data: str, headers: list[str], content_type: str
) -> None:
    code, out, _ = invoke("POST", "/echo", "-d", data, *headers, "--json")
    document = json.loads(out)
    assert (code, dict(document["headers"])["content-type"], document["body"]) == (0, content_type, data)


def test_a_body_comes_from_a_file_or_standard_input(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "body.bin").write_bytes(bytes(range(256)))
    assert invoke("POST", "/echo", "-d", f"@{tmp_path / 'body.bin'}")[1] == bytes(range(256))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"piped")))
    assert invoke("POST", "/echo", "-d", "-")[1] == b"piped"


def test_json_has_all_of_the_response(invoke: Invoke) -> None:
    code, out, _ = invoke("GET", "/hello", "--json")
    document: dict[str, Any] = json.loads(out)
    assert code == 0
    assert dict(document.pop("headers")) == {"content-type": "application/json", "cache-control": "private, no-store"}
    assert document == {"status": 200, "body": '{"hello":"world"}', "isBase64Encoded": False, "isComplete": True}


def test_bytes_are_base64_in_json(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "body.bin").write_bytes(b"\xff\xfe")
    document = json.loads(invoke("POST", "/echo", "-d", f"@{tmp_path / 'body.bin'}", "--json")[1])
    assert (document["body"], document["isBase64Encoded"]) == ("//4=", True)


def test_the_event_is_printed_and_nothing_is_run(invoke: Invoke) -> None:
    code, out, err = invoke("POST", "/raises?a=1", "-d", "x", "-H", "X-One: 1", "--event")
    event = json.loads(out)
    assert (code, err, event["httpMethod"], event["path"]) == (0, "", "POST", "/raises")
    assert (event["queryStringParameters"], event["headers"]["X-One"], event["body"]) == ({"a": "1"}, "1", "eA==")


def test_a_stream_is_printed_as_it_is_produced(invoke: Invoke) -> None:
    assert invoke("GET", "/stream") == (0, b"one two", "")


def test_a_stream_that_fails_is_1_with_what_came(invoke: Invoke) -> None:
    code, out, err = invoke("GET", "/cut")
    assert (code, out) == (1, b"one ")
    assert "GET /cut failed while it streamed" in err
    assert "ValueError: midway" in err


def test_a_500_is_1_with_the_authors_lines(invoke: Invoke) -> None:
    code, out, err = invoke("GET", "/raises")
    assert (code, json.loads(out)["detail"]) == (1, "ValueError: inside")
    assert err == (
        "GET /raises failed\n"
        "  functions/raises/route.py:2 in GET\n"
        "       1 │ def GET():\n"
        "  ❱    2 │     raise ValueError('inside')\n"
        "ValueError: inside\n"
    )


def test_a_404_is_a_response_like_any_other(invoke: Invoke) -> None:
    code, out, err = invoke("GET", "/absent", "-H", "Host: example.com")
    assert (code, json.loads(out)["status"], err) == (0, 404, "")


def test_a_handler_that_exits_is_a_500_with_its_line(invoke: Invoke) -> None:
    code, out, err = invoke("GET", "/exits")
    assert (code, json.loads(out)["status"]) == (1, 500)
    assert "SystemExit" in err
    assert "functions/exits/route.py:2" in err


def test_a_broken_route_responds_with_its_line(invoke: Invoke, project: Path) -> None:
    (project / "functions/hello/route.py").write_text("def GET(:\n")
    code, out, err = invoke("GET", "/hello")
    said = "functions/hello/route.py:1: the file is not Python: invalid syntax."
    assert (code, json.loads(out)["detail"], err) == (1, said, f"{said}\n")


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
