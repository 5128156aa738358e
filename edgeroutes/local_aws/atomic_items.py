"""DynamoDB writes under a condition, one after another: moto checks and writes without a lock, and two threads may both succeed."""

from __future__ import annotations

from functools import wraps
from threading import RLock
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import DynamoDBBackend

if TYPE_CHECKING:
    from collections.abc import Callable

_WRITES = ("put_item", "update_item", "delete_item", "transact_write_items", "batch_write_item", "execute_transaction")
_lock = RLock()
_originals = {name: getattr(DynamoDBBackend, name) for name in _WRITES if hasattr(DynamoDBBackend, name)}


def install() -> None:
    """Put the lock around moto's writes; a second call does nothing."""
    for name, original in _originals.items():
        setattr(DynamoDBBackend, name, _alone(original))


def _alone(write: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(write)
    def locked(*args: Any, **kwargs: Any) -> Any:
        with _lock:
            return write(*args, **kwargs)

    return locked
