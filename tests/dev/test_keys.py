"""Keys in a real terminal: a pseudo-terminal with the process in its foreground."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pty = pytest.importorskip("pty")

_PROGRAM = """
    import sys, termios, threading, time
    from edgeroutes.dev.keys import keys

    over = threading.Event()

    def is_raw():
        return not termios.tcgetattr(0)[3] & termios.ICANON

    with keys({"a": lambda: print("action", flush=True), "q": over.set}) as has_keys:
        print("keys", has_keys, flush=True)
        CODE
        over.wait(20)
    print("end", is_raw(), flush=True)
"""


class Terminal:
    """A program in a terminal."""

    def __init__(self, code: str) -> None:
        body = textwrap.dedent(_PROGRAM).replace("    CODE", textwrap.indent(textwrap.dedent(code), "    "))
        self.process, self.descriptor = pty.fork()
        if self.process == 0:
            os.execv(sys.executable, [sys.executable, "-c", body])
        self.output = ""

    def press(self, keys: str) -> None:
        os.write(self.descriptor, keys.encode())

    def until(self, text: str) -> None:
        end = time.monotonic() + 30
        while text not in self.output:
            assert time.monotonic() < end, self.output
            if select.select([self.descriptor], [], [], 0.1)[0]:
                try:
                    self.output += os.read(self.descriptor, 4096).decode()
                except OSError:
                    assert text in self.output, self.output


@pytest.fixture
def started() -> Iterator[list[Terminal]]:
    terminals: list[Terminal] = []
    yield terminals
    for each in terminals:
        os.close(each.descriptor)
        os.waitpid(each.process, 0)


def run(started: list[Terminal], code: str = "pass") -> Terminal:
    terminal = Terminal(code)
    started.append(terminal)
    terminal.until("keys True")
    return terminal


def test_a_key_acts_at_once_and_unprinted_and_the_terminal_is_as_before_at_the_end(started: list[Terminal]) -> None:
    terminal = run(started)
    time.sleep(0.3)
    terminal.press("xA")
    terminal.until("action")
    terminal.press("q")
    terminal.until("end False")
    assert "x" not in terminal.output.replace("action", "")


def test_input_gets_all_that_is_typed_and_keys_act_again_after_it(started: list[Terminal]) -> None:
    terminal = run(started, "time.sleep(0.3)\nprint('typed', repr(input('name? ')), flush=True)")
    terminal.until("name?")
    terminal.press("a quick\n")
    terminal.until("typed 'a quick'")
    assert "action" not in terminal.output
    terminal.press("a")
    terminal.until("action")
    terminal.press("q")
    terminal.until("end False")


def test_a_debugger_has_the_terminal_to_itself(started: list[Terminal]) -> None:
    terminal = run(started, "time.sleep(0.3)\nvalue = 41\nbreakpoint()\nprint('went on', flush=True)\nover.set()")
    terminal.until("(Pdb)")
    terminal.press("p value + 1\n")
    terminal.until("42")
    terminal.press("c\n")
    terminal.until("went on")
    terminal.until("end False")
    assert "action" not in terminal.output


def test_without_a_terminal_no_keys_are_taken_and_standard_input_is_left_alone() -> None:
    code = textwrap.dedent(_PROGRAM).replace("    CODE", "    print(input(), flush=True); over.set()")
    code = code.replace('print("end", is_raw(), flush=True)', "")
    done = subprocess.run(
        [sys.executable, "-c", code], input="aq\n", capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split("\n")[:2] == ["keys False", "aq"]
