"""boto3's clients. To import this module is half a cold start: routes that keep nothing on AWS leave it alone."""

from typing import Any

import boto3
from botocore.config import Config

# As they come, a client would wait a minute for a connection and ask five times: API Gateway gives up after 29 seconds.
CONFIG = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}, tcp_keepalive=True
)


def client(service: str, config: Config = CONFIG) -> Any:
    """A client to be made at the top of a module, so that it is made once, while the sandbox starts.

    In that phase Lambda gives a function a whole processor, however little memory it has; and SnapStart keeps what was made in it.
    """
    return boto3.client(service, config=config)
