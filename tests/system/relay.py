"""A door for containers: an address of this machine that they can reach, behind which is a server on loopback that they cannot."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Relay:
    """Passes connections on, both ways, until it is closed.

    Args:
        host: Where it listens, such as the gateway of Docker's bridge.
        target_port: Of the server on loopback.
    """

    def __init__(self, host: str, target_port: int) -> None:
        self._target = ("127.0.0.1", target_port)
        self._listening = socket.create_server((host, 0))
        self.url = f"http://{host}:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                caller, _ = self._listening.accept()
                target = socket.create_connection(self._target)
                threading.Thread(target=_pass_both_ways, args=(caller, target), daemon=True).start()


def _pass_both_ways(caller: socket.socket, target: socket.socket) -> None:
    with caller, target:
        back = threading.Thread(target=_pass_on, args=(target, caller), daemon=True)
        back.start()
        _pass_on(caller, target)
        back.join()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(64 * 1024):
            sink.sendall(piece)
    for each in (source, sink):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
