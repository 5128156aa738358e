"""A moto server in this process, `python -m edgeroutes.dev.cloud.server PORT [FILE]`, as `process` starts it. Floor 3.

It prints its port once it listens, in one line with why what FILE keeps cannot be had, and ends when its standard input does; then it
writes what it holds into FILE. Whoever started it may have crashed: this one sees it end all the same.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from edgeroutes.dev.cloud.process import HOST

if TYPE_CHECKING:
    from collections.abc import Callable


def main(port: str = "0", keep: str = "") -> None:
    """Serve until standard input is at its end.

    Args:
        port: 0 for a free one.
        keep: The file for what it holds, from one run to the next; empty for none.
    """
    # First of all, before moto's seconds of imports: a taken port is told at once.
    listening = socket.create_server((HOST, int(port)))
    _serve(listening, Path(keep) if keep else None)


def _serve(listening: socket.socket, keep: Path | None) -> None:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    from edgeroutes.dev.cloud import engine, keeping

    engine.install()
    trouble = keeping.load(keep) if keep is not None else ""
    # No line for each request.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = DomainDispatcherApplication(create_backend_app)
    port: int = listening.getsockname()[1]
    os.environ["MOTO_PORT"] = str(port)
    handler, descriptor = MotoRequestHandler, listening.fileno()
    server = make_server(HOST, port, application, threaded=True, request_handler=handler, fd=descriptor)
    print(port, trouble, flush=True)  # noqa: T201 - the process that started this one reads it
    threading.Thread(target=_end_with_stdin, args=(server.shutdown,), daemon=True).start()
    server.serve_forever()
    if keep is not None:
        keeping.save(keep)


def _end_with_stdin(end: Callable[[], None]) -> None:
    sys.stdin.buffer.read()
    end()


if __name__ == "__main__":
    main(*sys.argv[1:])
