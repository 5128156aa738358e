"""Keys that `edgeroutes dev` takes in a terminal.

A debugger and `input()` in a handler need the terminal in its usual mode, with all of its keys: `input()` pauses the keys, and
`breakpoint()` ends them; in worker processes too, which have the same terminal.
"""

from __future__ import annotations

import builtins
import os
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_LOOK_S = 0.1
_reader: _Keys | None = None


@contextmanager
def keys(actions: Mapping[str, Callable[[], None]]) -> Iterator[bool]:
    """Call the action of each key that is pressed; False where this process has no terminal."""
    global _reader  # noqa: PLW0603 - there is one terminal
    try:
        import termios  # not on Windows

        descriptor = sys.stdin.fileno()
        is_usable = os.isatty(descriptor) and sys.stdout.isatty()
    except (ImportError, AttributeError, OSError, ValueError):
        yield False
        return
    if not is_usable:
        yield False
        return
    _reader = reader = _Keys(descriptor, actions, termios)
    threading.Thread(target=reader.read, name="edgeroutes-keys", daemon=True).start()
    try:
        with yielding(control):
            yield True
    finally:
        _reader = None
        reader.stop()


def control(action: str) -> None:
    """`pause` the keys, `resume` them, or `stop` them for good."""
    if _reader is not None:
        getattr(_reader, action)()


@contextmanager
def yielding(control_keys: Callable[[str], None]) -> Iterator[None]:
    """Give `input()` and `breakpoint()` of this process the terminal, by calling `control_keys(action)`."""
    ask, debug = builtins.input, sys.breakpointhook

    def paused_input(*arguments: Any) -> str:
        control_keys("pause")
        try:
            return ask(*arguments)
        finally:
            control_keys("resume")

    def debug_without_keys(*arguments: Any, **more: Any) -> Any:
        control_keys("stop")  # for good: it is not known when the debugger is done with the terminal
        if os.environ.get("PYTHONBREAKPOINT") or debug is not sys.__breakpointhook__:
            return debug(*arguments, **more)
        import pdb

        return pdb.Pdb().set_trace(sys._getframe(1))  # noqa: SLF001

    builtins.input, sys.breakpointhook = paused_input, debug_without_keys
    try:
        yield
    finally:
        builtins.input, sys.breakpointhook = ask, debug


class _Keys:
    """Reads keys from a terminal: key → action."""

    def __init__(self, descriptor: int, actions: Mapping[str, Callable[[], None]], termios: Any) -> None:
        self._descriptor = descriptor
        self._actions = actions
        self._termios = termios
        self._usual = termios.tcgetattr(descriptor)
        self._is_over = threading.Event()
        self._others = 0
        self._lock = threading.Lock()
        self._is_raw = False

    def stop(self) -> None:
        self._is_over.set()
        with self._lock:
            self._set_raw(is_raw=False)

    def pause(self) -> None:
        """Leave the terminal to other code, until `resume`."""
        with self._lock:
            self._others += 1
            self._set_raw(is_raw=False)

    def resume(self) -> None:
        with self._lock:
            self._others -= 1

    def read(self) -> None:
        import select

        while not self._is_over.is_set():
            with self._lock:
                if not self._may_read():
                    key = b""
                elif select.select([self._descriptor], [], [], 0)[0]:
                    key = os.read(self._descriptor, 1)
                    if not key:  # the terminal is gone
                        return
                else:
                    key = b""
            action = self._actions.get(key.decode("latin-1").lower()) if key else None
            if action is not None:
                action()
            if not key:
                self._is_over.wait(_LOOK_S)

    def _may_read(self) -> bool:
        """Whether the terminal is in key mode now; a background process would be stopped if it read."""
        if self._is_over.is_set() or self._others or not _is_in_foreground(self._descriptor):
            return False
        self._set_raw(is_raw=True)
        return self._is_raw

    def _set_raw(self, *, is_raw: bool) -> None:
        """Make each key arrive at once and unprinted, or restore the terminal; Ctrl-C works in both."""
        if is_raw == self._is_raw:
            return
        termios = self._termios
        mode = list(self._usual)
        if is_raw:
            mode[3] &= ~(termios.ICANON | termios.ECHO)
        with suppress(OSError, termios.error):
            if _is_in_foreground(self._descriptor):
                termios.tcsetattr(self._descriptor, termios.TCSADRAIN, mode)
        self._is_raw = is_raw


def _is_in_foreground(descriptor: int) -> bool:
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return False


def open_browser(url: str) -> bool:
    """Open a page in a graphical browser; False without one, because a text browser would take the terminal."""
    import webbrowser

    is_graphical = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME")
    )
    return is_graphical and webbrowser.open(url)
