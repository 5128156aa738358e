"""Requests to one DynamoDB table, with a client that is created at the first one."""

from __future__ import annotations

from edgeroutes.errors import StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Table:
    """A table, by its name.

    Args:
        name: Its name.
        timeout_s: How long one attempt may take to connect, and to be responded to, in seconds.
        attempts: How often a request is sent at most.
    """

    def __init__(self, name: str, *, timeout_s: float, attempts: int) -> None:
        self.name = name
        self._timeout_s = timeout_s
        self._attempts = attempts
        self._made_client: Any = None

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """DynamoDB's response, or `{"refused": item}` for an item that did not satisfy the condition (empty without the item).

        Raises:
            StoreError: The request failed, or took too long.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            response: dict[str, Any] = getattr(self._client(), operation)(**arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return {"refused": error.response.get("Item", {})}
            raise StoreError(f"{error}".rstrip("."), where=f"table {self.name}") from error
        except BotoCoreError as error:
            raise StoreError(f"{error}".rstrip("."), where=f"table {self.name}") from error
        return response

    def _client(self) -> Any:
        if self._made_client is None:
            import boto3
            from botocore.config import Config

            config = Config(
                connect_timeout=self._timeout_s,
                read_timeout=self._timeout_s,
                retries={"total_max_attempts": self._attempts},
            )
            self._made_client = boto3.client("dynamodb", config=config)
        return self._made_client
