"""A DynamoDB table with plain items and conditional writes."""

import os
from collections.abc import Iterator
from decimal import Decimal, Inexact, Rounded
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from functions._shared.aws import client

Item = dict[str, Any]
Write = dict[str, dict[str, Any]]
"""One write of a transaction, as in DynamoDB's API: `{"Put": {...}}`."""

_dynamodb = client("dynamodb")
_serialize, _deserialize = TypeSerializer().serialize, TypeDeserializer().deserialize
_SINGLE = {"Put": "put_item", "Update": "update_item", "Delete": "delete_item"}
_LOST = {"ConditionalCheckFailed", "TransactionConflict"}


class ConditionFailedError(Exception):
    """Nothing was written: `failed` is the index of the write whose condition failed."""

    def __init__(self, failed: int = 0) -> None:
        super().__init__(failed)
        self.failed = failed


class Table:
    """A table. Methods that list or count need the key to be the number `id`.

    Args:
        variable: The environment variable with its name. It is read late, because in dev and in tests functions with
            different variables share this module.
    """

    def __init__(self, variable: str) -> None:
        self._variable = variable

    @property
    def _name(self) -> str:
        return os.environ[self._variable]

    def get(self, **key: str | int) -> Item | None:
        """The current item (a consistent read)."""
        try:
            found = _dynamodb.get_item(TableName=self._name, Key=_written(key), ConsistentRead=True)
        except (Inexact, Rounded):  # a number with more digits than DynamoDB supports is not a key
            return None
        return _read(found["Item"]) if "Item" in found else None

    def query(
        self,
        index: str,
        value: str,
        *,
        after: int | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> tuple[list[Item], int | None]:
        """Items of an index by id, and the id after which to continue, None at the end.

        An index is updated within a second or so: a new item may not be in it yet.

        Args:
            index: The index's name, which is its partition key. Its sort key is `id`.
            value: The value of that attribute.
            after: The id after which to start.
            limit: The maximum number of items; without one, as many as fit into DynamoDB's megabyte.
            newest_first: Whether the highest id comes first.
        """
        start = {"ExclusiveStartKey": _written({index: value, "id": after})} if after is not None else {}
        found = _dynamodb.query(
            TableName=self._name,
            IndexName=index,
            KeyConditionExpression="#name = :value",
            ExpressionAttributeNames={"#name": index},
            ExpressionAttributeValues=_written({":value": value}),
            ScanIndexForward=not newest_first,
            **start,
            **({"Limit": limit} if limit else {}),
        )
        last = found.get("LastEvaluatedKey")
        return [_read(item) for item in found["Items"]], _read(last)["id"] if last else None

    def query_all(self, index: str, value: str) -> Iterator[Item]:
        """All items of an index by id, read page by page as they are used."""
        after = None
        while True:
            items, after = self.query(index, value, after=after)
            yield from items
            if after is None:
                return

    def scan(self) -> Iterator[Item]:
        """Every item, unordered: for small tables."""
        for page in _dynamodb.get_paginator("scan").paginate(TableName=self._name):
            yield from map(_read, page["Items"])

    def next_id(self) -> int:
        """A new id. Item 0 counts them atomically."""
        changed = _dynamodb.update_item(
            TableName=self._name,
            Key=_written({"id": 0}),
            UpdateExpression="ADD last_id :one",
            ExpressionAttributeValues=_written({":one": 1}),
            ReturnValues="UPDATED_NEW",
        )
        last_id: int = _read(changed["Attributes"])["last_id"]
        return last_id

    def put(self, item: Item, condition: str) -> Write:
        """Replace the item with this key."""
        return {"Put": {"TableName": self._name, "Item": _written(item), "ConditionExpression": condition}}

    def update(self, key: Item, changes: Item, *, version: int) -> Write:
        """Set attributes of an item, if it still has this version; the version increases."""
        names = {f"#{name}": name for name in (*changes, "version")}
        assignments = ", ".join(f"#{name} = :{name}" for name in (*changes, "version"))
        values = {**{f":{name}": value for name, value in changes.items()}, ":version": version + 1, ":read": version}
        return {
            "Update": {
                "TableName": self._name,
                "Key": _written(key),
                "UpdateExpression": f"SET {assignments}",
                "ConditionExpression": "#version = :read",
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": _written(values),
            }
        }

    def increase(self, key: Item, attribute: str) -> Write:
        """Increase a number atomically. The item must exist; its version does not change."""
        [name] = key
        return {
            "Update": {
                "TableName": self._name,
                "Key": _written(key),
                "UpdateExpression": "ADD #counter :one",
                "ConditionExpression": f"attribute_exists({name})",
                "ExpressionAttributeNames": {"#counter": attribute},
                "ExpressionAttributeValues": _written({":one": 1}),
            }
        }

    def delete(self, key: Item) -> Write:
        """Delete the item, which must exist."""
        [name] = key
        return {
            "Delete": {
                "TableName": self._name,
                "Key": _written(key),
                "ConditionExpression": f"attribute_exists({name})",
            }
        }


def write(*writes: Write) -> None:
    """Write all of these or none.

    Raises:
        ConditionFailedError: A condition failed, or somebody else wrote the same item.
    """
    if len(writes) == 1:  # half the cost of a transaction
        [(kind, arguments)] = writes[0].items()
        try:
            getattr(_dynamodb, _SINGLE[kind])(**arguments)
        except _dynamodb.exceptions.ConditionalCheckFailedException as error:
            raise ConditionFailedError from error
        return
    try:
        _dynamodb.transact_write_items(TransactItems=writes)
    except _dynamodb.exceptions.TransactionCanceledException as error:
        lost = [place for place, reason in enumerate(error.response["CancellationReasons"]) if reason["Code"] in _LOST]
        if not lost:
            raise
        raise ConditionFailedError(lost[0]) from error


def _written(item: Item) -> Item:
    return {name: _serialize(value) for name, value in item.items()}


def _read(item: Item) -> Item:
    return {name: _plain(_deserialize(value)) for name, value in item.items()}


def _plain(value: Any) -> Any:
    """DynamoDB returns Decimals; all numbers of the example are integers."""
    return int(value) if isinstance(value, Decimal) else value
