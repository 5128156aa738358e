"""AWS's own Lambda runtime emulator around a folder that looks like /var/task, with unmodified awslambdaric inside.

The emulator is a program that ships inside the SAM CLI's wheel: `make sam` fetches it.
"""

from __future__ import annotations

import json
import os
import platform
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[2]
ARCHITECTURE = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
INVOCATIONS = "/2015-03-31/functions/function/invocations"
START_SECONDS = 20
RESPONSE_SECONDS = 30


def find_emulator() -> Path | None:
    """The emulator for this machine: where EDGEROUTES_RIE says, or where `make sam` put it; None where it is absent."""
    named = os.environ.get("EDGEROUTES_RIE")
    shipped = f"lib/python*/site-packages/samcli/local/rapid/aws-lambda-rie-{ARCHITECTURE}"
    fetched = next((ROOT / ".tools" / "sam").glob(shipped), ROOT / ".tools" / "sam")
    path = Path(named) if named else fetched
    return path if path.is_file() and sys.platform == "linux" else None


class Emulator:
    """One sandbox: started at once, initialised at its first invocation, as the emulator does it.

    Args:
        program: The emulator.
        task: The function's folder.
        log: The file for all that the emulator and the function write.
        handler: As the function's `Handler` says it.
        python: The interpreter, with its options.
        path: What else Python finds modules in, behind the function's folder; among them awslambdaric, unless the interpreter has it.
        variables: The function's own environment.
    """

    def __init__(
        self,
        program: Path,
        task: Path,
        log: Path,
        *,
        handler: str = "handler.handler",
        python: Sequence[str] = (sys.executable,),
        path: Sequence[Path] = (ROOT,),
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.port = free_port()
        self._log = log
        addresses = ["--runtime-interface-emulator-address", f"127.0.0.1:{self.port}"]
        addresses += ["--runtime-api-address", f"127.0.0.1:{free_port()}"]
        command = [program, "--log-level", "error", *addresses, *python, "-m", "awslambdaric", handler]
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(map(str, [task, *path])),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LAMBDA_TASK_ROOT": str(task),
            "AWS_LAMBDA_FUNCTION_NAME": "emulated",
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(RESPONSE_SECONDS),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_REGION": "eu-west-1",
            **(variables or {}),
        }
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command, cwd=task, env=environment, stdout=output, stderr=subprocess.STDOUT
            )
        self._wait_until_it_listens()

    def invoke(self, event: Any) -> Any:
        """What the function gave for the event: its result, or `errorType` and `errorMessage`."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=RESPONSE_SECONDS)
        try:
            connection.request("POST", INVOCATIONS, json.dumps(event), {"Content-Type": "application/json"})
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def log_lines(self) -> list[dict[str, Any]]:
        """The JSON lines that the function has written so far."""
        return [json.loads(line) for line in self._log.read_text().splitlines() if line.startswith("{")]

    def stop(self) -> None:
        """End the emulator, and the Python that it started."""
        started = children(self._process.pid)
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pid in started:
            if Path(f"/proc/{pid}").exists():
                os.kill(pid, 9)

    def _wait_until_it_listens(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        self.stop()
        raise RuntimeError(f"the emulator did not start: {self._log.read_text()}")


def children(pid: int) -> list[int]:
    """The processes that one has started. Source: proc(5)."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in path.read_text().split()]
    return found


def free_port() -> int:
    """A port of the loopback interface on which nothing listens now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
