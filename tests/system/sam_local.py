"""`sam local` over a built template, in Docker, as everybody uses it, but for images that are fetched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.local_aws import REGION
from tests.system.emulator import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edgeroutes.config import Config

START_SECONDS = 60
RESPONSE_SECONDS = 60
IMAGE = "public.ecr.aws/lambda/python:{version}-{architecture}"


def docker(*arguments: str) -> str:
    ran = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    return ran.stdout if ran.returncode == 0 else ""


def bridge_gateway() -> str:
    """The address at which containers find this machine; empty without Docker."""
    if shutil.which("docker") is None:
        return ""
    networks = json.loads(docker("network", "inspect", "bridge") or "[]")
    for config in (each for network in networks for each in network["IPAM"]["Config"]):
        # Docker names the gateway only after the first container has used the network; it is the first address.
        return str(config.get("Gateway") or next(ip_network(config["Subnet"]).hosts()))
    return ""


def require_image(config: Config) -> None:
    """Skip where no container can be started for the project's functions."""
    image = IMAGE.format(version=config.runtime.removeprefix("python"), architecture=config.architecture)
    if shutil.which("docker") is None or not docker("info"):
        pytest.skip("no Docker engine responds: sam local runs functions in containers")
    if not docker("image", "inspect", image):
        pytest.skip(f"the image {image} is not here: docker pull {image}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SamLocal:
    """The command and the template that it is given."""

    program: str
    template: Path

    def process(self, command: str, *arguments: str) -> dict[str, Any]:
        """What `subprocess` starts: the command without images that are fetched, and telemetry."""
        options = ("--template", str(self.template), "--skip-pull-image")
        environment = {**os.environ, "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": REGION}
        return {
            "args": [self.program, "local", command, *arguments, *options],
            "cwd": self.template.parent,
            "env": environment,
        }

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Where `sam local start-api` serves the application; a container for each function, from its first request on."""
        port = free_port()
        log = self.template.with_name("sam-local.log")
        started = self.process("start-api", "--port", str(port), "--warm-containers", "LAZY", "--no-watch")
        with log.open("w") as output:
            process = subprocess.Popen(**started, stdout=output, stderr=subprocess.STDOUT)
        try:
            _wait_until_it_serves(process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()  # it takes its containers with it
            try:
                process.wait(START_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def remove_containers(self) -> None:
        """Leave none behind that holds something of the build."""
        for container in docker("ps", "--all", "--quiet").split():
            if str(self.template.parent) in docker("inspect", "--format", "{{json .Mounts}}", container):
                docker("rm", "--force", container)


def _wait_until_it_serves(process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if "Running on" in log.read_text():
            return
        time.sleep(0.05)
    raise RuntimeError(f"sam local start-api did not start: {log.read_text()}")
