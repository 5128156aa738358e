"""Control characters of others never reach a terminal, wherever they come from."""

from __future__ import annotations

import socket
import sys
import threading
import time
from contextlib import contextmanager
from functools import partial
from io import StringIO
from typing import TYPE_CHECKING

import pytest

from edgeroutes.cli import main
from edgeroutes.cli.doctor_cors import PageRequest, explain, send_to_server
from edgeroutes.cli.output import EscapedStream, escape, escape_line, escape_lines
from edgeroutes.cli.terminal import JsonLines, Terminal
from edgeroutes.dev.reports import CloudFailed, Failed, Logged, Reloaded, Responded, Started
from edgeroutes.errors import LayoutError, ToolError
from tests.dev.serving import write_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from edgeroutes.dev.reports import Report

FORGED = "edgeroutes dev http://evil"
# Clear the screen, set the title, write the clipboard, the same by C1, a new line of the log, an order of text, half a character.
NASTY = f"\x1b[2J\x1b]0;title\x07\x1b]52;c;AAAA\x1b\\\x9b2J\x9d0;x\x9c\x00\x08\x7f\x85\r\n{FORGED}\u202egnp.\u2066\u2028\ufeff\ud800[red]a[/red][link=http://e]b[/link]"
UNSAFE = {chr(code) for code in (*range(9), *range(11, 32), *range(127, 160))} | set("\u202e\u2066\u2028\ufeff\ud800")


def reaches(text: str) -> set[str]:
    return UNSAFE & set(text)


@pytest.mark.parametrize(
    "code", [*range(32), *range(127, 160), 0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)]
)
def test_each_control_character_is_written_out(code: int) -> None:
    character = chr(code)
    kept = "\t\n"
    assert escape(character) == (character if character in kept else repr(character)[1:-1])
    assert escape_line(character) == (character if character == "\t" else repr(character)[1:-1])


def test_what_is_not_a_control_character_stays() -> None:
    text = "é ☃ 日本語 عربي 👩\u200d👩 \\x1b [red] {a}\t|"
    assert escape(text) == escape_line(text) == escape_lines(text) == text


def test_a_line_within_a_text_cannot_pass_for_a_line_of_ours() -> None:
    assert escape_lines(f"a\r\n{FORGED}") == f"a\\r\n  │ {FORGED}"


def failing() -> Exception:
    error = ValueError(f"no such {NASTY}")
    error.add_note(NASTY)
    return error


def with_cause() -> BaseException:
    error = RuntimeError(NASTY)
    error.__cause__ = failing()
    return error


def not_python() -> BaseException:
    try:
        compile(f"a = '{NASTY.encode('ascii', 'ignore').decode()}", f"<{NASTY}>", "exec")
    except (SyntaxError, ValueError) as error:
        return error
    raise AssertionError


def in_odd_code(folder: Path) -> BaseException:
    """An error in a file whose name and whose line have control characters."""
    file = folder / "odd\x1b[2J\n.py"
    file.write_text("raise ValueError('\x1b[2J\u202e')\n")
    try:
        exec(compile(file.read_text(), str(file), "exec"), {})
    except ValueError as error:
        return error
    raise AssertionError


PROBLEM = LayoutError(NASTY, where=NASTY, hint=NASTY)
FIELDS = {"duration_ms": 1.0, "body_bytes": 1, "status": 200}
REPORTS: dict[str, Callable[[Path], Report]] = {
    "failed": lambda _: Failed(message=NASTY, error=failing()),
    "with a cause": lambda _: Failed(message=NASTY, error=with_cause()),
    "a group": lambda _: Failed(message="", error=ExceptionGroup(NASTY, [failing()])),
    "not Python": lambda _: Failed(message=NASTY, error=not_python()),
    "in odd code": lambda folder: Failed(message="", error=in_odd_code(folder)),
    "a problem": lambda _: Failed(message="", error=PROBLEM),
    "an access line": lambda _: Responded(
        method=NASTY,
        path=NASTY,
        source_file=NASTY,
        note=NASTY,
        cache=NASTY,
        **FIELDS,  # type: ignore[arg-type]
    ),
    "a logged line": lambda _: Logged(level="ERROR", message=NASTY, fields={"path": NASTY, NASTY: [NASTY]}),
    "a start": lambda _: Started(url=NASTY, routes=1, problems=(PROBLEM,), warnings=(NASTY,)),
    "a reload": lambda _: Reloaded(changed=(NASTY,), duration_ms=1, routes=1, problems=(PROBLEM,)),
    "a cloud": lambda _: CloudFailed(problems=(PROBLEM,), is_working=False),
}


@pytest.mark.parametrize("what", REPORTS)
def test_what_dev_prints_has_none(what: str, tmp_path: Path) -> None:
    output = StringIO()
    Terminal(tmp_path, output)(REPORTS[what](tmp_path))
    assert not reaches(output.getvalue())
    assert not [line for line in output.getvalue().splitlines() if line.startswith(FORGED)]
    if "raise" not in output.getvalue():  # a line of source
        assert "[red]a[/red][link=http://e]b[/link]" in output.getvalue()


@pytest.mark.parametrize("what", REPORTS)
def test_what_dev_prints_for_programs_is_a_line_of_ascii(what: str, tmp_path: Path) -> None:
    output = StringIO()
    JsonLines(output)(REPORTS[what](tmp_path))
    assert output.getvalue().isascii()
    assert output.getvalue().count("\n") == 1
    assert not reaches(output.getvalue())


class Screen(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_stream_of_commands_leaves_colors_to_terminals_alone() -> None:
    screen, pipe = Screen(), StringIO()
    for stream in (screen, pipe):
        EscapedStream(stream).write("\x1b[31mred\x1b[0m \x1b[2J \x1b]0;x\x07 \x9b31m")
    assert screen.getvalue() == "\x1b[31mred\x1b[0m \\x1b[2J \\x1b]0;x\\x07 \\x9b31m"
    assert not reaches(pipe.getvalue())


@pytest.mark.parametrize(
    "arguments", [("routes",), ("explain", "/a"), ("template",), ("doctor",), ("dev", "--port", "0")]
)
def test_commands_print_names_of_files_without(
    arguments: tuple[str, ...], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Of a project that somebody else has made."""
    write_files(
        tmp_path, {"a": "def GET():\n    return 1\n", "pyproject.toml": "[tool.edgeroutes]\nnme = '\\u001b[2J'\n"}
    )
    odd = tmp_path / "functions" / f"b\x1b[2J\n{FORGED.replace('/', '')}"
    odd.mkdir()
    (odd / "route.py").write_text("def GET():\n    return '\x1b'\n")
    main([*arguments, "--root", str(tmp_path)])
    output = "".join(capfd.readouterr())
    assert output
    assert not reaches(output)


@contextmanager
def serving(*pieces: bytes, pause_s: float = 0.0, endless: bool = False) -> Iterator[str]:
    """A server that waits, and sends this to whoever connects."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            with client:
                try:
                    time.sleep(pause_s)
                    for piece in pieces:
                        client.sendall(piece)
                    while endless:
                        client.sendall(pieces[-1])
                        time.sleep(pause_s)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join()


@pytest.mark.parametrize(
    "sent",
    [
        NASTY.encode("utf-8", "ignore") + b"\r\n",
        b"HTTP/1.1 200 " + NASTY.replace("\n", "").encode("utf-8", "ignore") + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\naccess-control-allow-origin: \x1b[2J\x9b2J\r\n\r\n",
        b"HTTP/1.1 302 OK\r\naccess-control-allow-origin: *\r\nlocation: /\x1b[2J\x9b\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 \x1b[2J OK\r\n\r\n",
    ],
)
def test_doctor_cors_shows_what_a_server_sends_without(sent: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    with serving(sent) as url:
        main(["doctor", "cors", url, "-o", "https://app.example.com"])
    output = "".join(capfd.readouterr())
    assert output
    assert not reaches(output)


@pytest.mark.parametrize(
    "pieces",
    [
        [b"H"],
        [b"HTTP/1.1 200 OK\r\n", b"x: y\r\n"],
        [b"HTTP/1.1 200 OK\r\nx: ", b"y"],
        [b"HTTP/1.1 100 Continue\r\n\r\n"],
    ],
)
def test_doctor_cors_gives_a_slow_server_up(pieces: list[bytes]) -> None:
    began = time.monotonic()
    with serving(*pieces, pause_s=0.05, endless=True) as url, pytest.raises(ToolError) as caught:
        [
            *explain(
                PageRequest(url=url, origin="https://app.example.com", headers={}),
                partial(send_to_server, timeout_s=0.7),
            )
        ]
    assert time.monotonic() - began < 5
    assert str(caught.value).startswith(url)


def test_output_is_given_back() -> None:
    streams = sys.stdout, sys.stderr
    main(["--version"])
    assert (sys.stdout, sys.stderr) == streams
