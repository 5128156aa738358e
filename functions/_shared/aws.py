"""boto3 clients. Importing this module is half a cold start, so routes without data on AWS do not import it."""

from typing import Any

import boto3
from botocore.config import Config

# By default a client waits a minute for a connection and tries five times; API Gateway times out after 29 seconds.
CONFIG = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}, tcp_keepalive=True
)


def client(service: str, config: Config = CONFIG) -> Any:
    """A client. Create it at the top of a module, so that it is created once, while the sandbox starts.

    In that phase Lambda gives a function a whole processor, however little memory it has, and SnapStart preserves the client.
    """
    return boto3.client(service, config=config)
