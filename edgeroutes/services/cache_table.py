"""Cached values in a DynamoDB table, shared by all sandboxes of all functions; loads if a table is configured.

A table contains two kinds of items, with the keys `value#…`, and `tag#…` with the time of the tag's invalidation. Both
have a TTL. Values are compressed JSON. Pickle is not used: whoever can write to the table could run code in every function.
"""

from __future__ import annotations

import zlib

from edgeroutes.errors import StoreError
from edgeroutes.http.caching import YEAR_SECONDS
from edgeroutes.services.cache_stores import STALE_SECONDS, Entry, digest
from edgeroutes.services.dynamodb import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

KEY, EXPIRES_AT = "key", "expires_at"
# Source: docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html (read 2026-11-21): 400 KB an item with its names,
# 100 items a BatchGetItem.
_MAX_ITEM_BYTES = 400 * 1024
_ITEM_OVERHEAD_BYTES = 512
_READS = 100
_TRIES = 4


class TableStore:
    """The items of one table.

    Args:
        table_name: A table with the partition key `key` (S), and `expires_at` as its TTL attribute.
    """

    def __init__(self, table_name: str) -> None:
        # A slow cache is worse than none.
        self._table = Table(table_name, timeout_s=1, attempts=2)

    def read(self, key: str | None, tags: Sequence[str]) -> tuple[Entry | None, dict[str, float]]:
        """The entry of a key, and when each tag was invalidated (0 for never), in one consistent read.

        Args:
            key: None for no entry.
            tags: Any number; up to 99 are one request.

        Raises:
            StoreError: The table cannot be read.
        """
        keys = [_tag_key(tag) for tag in tags] + ([_value_key(key)] if key is not None else [])
        items = self._read_items(list(dict.fromkeys(keys)))
        invalidated = {tag: _number(items.get(_tag_key(tag)), "invalidated_at") for tag in tags}
        return (None if key is None else _read_entry(items.get(_value_key(key)))), invalidated

    def write(self, key: str, entry: Entry) -> bool:
        """Store an entry, unless the table has a newer one.

        Returns:
            Whether it fits into an item.

        Raises:
            StoreError: The table cannot be written to.
        """
        assert entry.text is not None  # noqa: S101  # the caller knows that only JSON leaves the process
        value = zlib.compress(entry.text.encode(), 1)
        if len(value) + sum(map(len, entry.tags)) + _ITEM_OVERHEAD_BYTES > _MAX_ITEM_BYTES:
            return False
        item: dict[str, Any] = {
            KEY: {"S": _value_key(key)},
            "value": {"B": value},
            "made_at": _attribute(entry.made_at),
            "lifetime_seconds": {"N": str(entry.lifetime_seconds)},
            EXPIRES_AT: {"N": str(int(entry.made_at) + entry.lifetime_seconds + STALE_SECONDS)},
        }
        if entry.tags:
            item["tags"] = {"SS": list(entry.tags)}
        self._put_latest(item, "made_at")
        return True

    def drop(self, key: str) -> None:
        """Delete an entry, if there is one.

        Raises:
            StoreError: The table cannot be written to.
        """
        self._table.call("delete_item", TableName=self._table.name, Key={KEY: {"S": _value_key(key)}})

    def invalidate(self, tags: Iterable[str], now: float) -> None:
        """Store the invalidation of these tags: it applies to every value with one of them whose computation began before.

        Raises:
            StoreError: The table cannot be written to.
        """
        invalidated_at = _attribute(now)
        expires_at = {"N": str(int(now) + YEAR_SECONDS + STALE_SECONDS)}
        for key in sorted({_tag_key(tag) for tag in tags}):
            self._put_latest(
                {KEY: {"S": key}, "invalidated_at": invalidated_at, EXPIRES_AT: expires_at}, "invalidated_at"
            )

    def _put_latest(self, item: dict[str, Any], at: str) -> None:
        """Put an item, unless the table has a newer one: requests may overtake each other, especially retries."""
        self._table.call(
            "put_item",
            TableName=self._table.name,
            Item=item,
            ConditionExpression="attribute_not_exists(#at) OR #at < :at",
            ExpressionAttributeNames={"#at": at},
            ExpressionAttributeValues={":at": item[at]},
        )

    def _read_items(self, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
        items: dict[str, dict[str, Any]] = {}
        for start in range(0, len(keys), _READS):
            asked = {"Keys": [{KEY: {"S": key}} for key in keys[start : start + _READS]], "ConsistentRead": True}
            for response in self._read_batch(asked):
                items.update({item[KEY]["S"]: item for item in response["Responses"].get(self._table.name, ())})
        return items

    def _read_batch(self, asked: Any) -> list[dict[str, Any]]:
        """The responses to a batch; unprocessed keys are requested again."""
        import time

        responses = []
        for attempt in range(_TRIES):
            response = self._table.call("batch_get_item", RequestItems={self._table.name: asked})
            responses.append(response)
            asked = response.get("UnprocessedKeys", {}).get(self._table.name)
            if not asked:
                return responses
            time.sleep(0.02 * 2**attempt)
        raise StoreError("DynamoDB left a part of a batch unread four times over", where=f"table {self._table.name}")


def _value_key(key: str) -> str:
    return f"value#{digest(key)}"


def _tag_key(tag: str) -> str:
    return f"tag#{tag.lower()}"


def _attribute(seconds: float) -> dict[str, str]:
    return {"N": f"{seconds:.6f}"}


def _number(item: dict[str, Any] | None, name: str) -> float:
    return float(item[name]["N"]) if item is not None else 0.0


def _read_entry(item: dict[str, Any] | None) -> Entry | None:
    if item is None:
        return None
    text = zlib.decompress(item["value"]["B"]).decode()
    return Entry(
        text,
        None,
        len(text),
        made_at=_number(item, "made_at"),
        lifetime_seconds=int(item["lifetime_seconds"]["N"]),
        tags=item.get("tags", {}).get("SS", ()),
    )
