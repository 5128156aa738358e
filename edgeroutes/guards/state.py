"""The state that guards share: items of a DynamoDB table, or of this process's memory where no table is configured.

Rate limits, idempotency and sessions read and change items under conditions, in one request each. An item has a key (S), attributes
that are whole numbers, texts or bytes, and `expires_at` in seconds since the epoch (the TTL attribute of the table). DynamoDB deletes
expired items hours late, so conditions compare the time themselves.
"""

from __future__ import annotations

import operator
import os
import time

from edgeroutes.names import STATE_TABLE_VARIABLE
from edgeroutes.runtime.log import log_warning
from edgeroutes.runtime.loop import running_loop
from edgeroutes.services.dynamodb import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Protocol

    from edgeroutes.types import Clock

    Value = str | int | bytes
    Item = dict[str, Value]
    Condition = tuple[Any, ...]

    class StateStore(Protocol):
        """Where the items are."""

        def read(self, key: str) -> Item | None:
            """The item, whether it has expired or not; None without one. Raises StoreError."""

        def put(self, key: str, item: Item, condition: Condition | None = None) -> Item | None:
            """Store a whole item. Returns None, or the item that did not satisfy the condition. Raises StoreError."""

        def update(self, key: str, set_to: Item, add: Item, condition: Condition) -> tuple[bool, Item]:
            """Set some attributes, and add numbers to others.

            Returns:
                True and the attributes as they are now, or False and the item that did not satisfy the condition. Raises StoreError.
            """

        def delete(self, key: str, condition: Condition | None = None) -> Item | None:
            """Delete the item. Returns as `put`. Raises StoreError."""


KEY, EXPIRES_AT = "key", "expires_at"
# A request must not wait for a store that does not respond.
_TIMEOUT_S = 0.3
_MEMORY_ITEMS = 10_000
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def absent(name: str) -> Condition:
    """The item does not have the attribute, or does not exist."""
    return ("absent", name)


def compare(name: str, by: str, value: Value) -> Condition:
    """The attribute exists and compares so: `=`, `<`, `<=`, `>`, `>=`."""
    return ("compare", name, by, value)


def every(*conditions: Condition) -> Condition:
    """All of them hold."""
    return ("AND", *conditions)


def either(*conditions: Condition) -> Condition:
    """One of them holds."""
    return ("OR", *conditions)


def is_satisfied(condition: Condition, item: Mapping[str, Value] | None) -> bool:
    """Whether an item satisfies a condition, as DynamoDB decides it."""
    kind, *rest = condition
    if kind == "AND":
        return all(is_satisfied(each, item) for each in rest)
    if kind == "OR":
        return any(is_satisfied(each, item) for each in rest)
    value = (item or {}).get(rest[0])
    if kind == "absent":
        return value is None
    _, compared_by, other = rest
    return type(value) is type(other) and _OPERATORS[compared_by](value, other)


class MemoryState:
    """Items in this process.

    Args:
        clock: Seconds since the epoch.
    """

    def __init__(self, clock: Clock = time.time) -> None:
        import threading

        self._items: dict[str, Item] = {}
        self._clock = clock
        self._lock = threading.Lock()

    def read(self, key: str) -> Item | None:
        """The item. See `StateStore`."""
        found = self._items.get(key)
        return None if found is None else dict(found)

    def put(self, key: str, item: Item, condition: Condition | None = None) -> Item | None:
        """Store a whole item. See `StateStore`."""
        return self._change(key, lambda _: dict(item), condition)

    def update(self, key: str, set_to: Item, add: Item, condition: Condition) -> tuple[bool, Item]:
        """Change some attributes. See `StateStore`."""
        new: Item = {}

        def changed(item: Item) -> Item:
            sums: dict[str, Any] = {name: item.get(name, 0) for name in add}
            new.update(set_to)
            new.update({name: sums[name] + value for name, value in add.items()})
            return {**item, **new}

        old = self._change(key, changed, condition)
        return (True, new) if old is None else (False, old)

    def delete(self, key: str, condition: Condition | None = None) -> Item | None:
        """Delete the item. See `StateStore`."""
        with self._lock:
            item = self._items.get(key)
            if condition is not None and not is_satisfied(condition, item):
                return dict(item or {})
            self._items.pop(key, None)
        return None

    def _change(self, key: str, change: Callable[[Item], Item], condition: Condition | None) -> Item | None:
        with self._lock:
            item = self._items.pop(key, None)
            if condition is not None and not is_satisfied(condition, item):
                if item is not None:
                    self._items[key] = item
                return dict(item or {})
            if len(self._items) >= _MEMORY_ITEMS:
                self._make_room()
            self._items[key] = change(item or {})
        return None

    def _make_room(self) -> None:
        now: Any = self._clock()
        expires: dict[str, Any] = {key: item.get(EXPIRES_AT, now) for key, item in self._items.items()}
        for key in [key for key, moment in expires.items() if moment < now]:
            del self._items[key]
        while len(self._items) >= _MEMORY_ITEMS:
            del self._items[next(iter(self._items))]  # changed longest ago


class TableState:
    """Items of a table with the partition key `key` (S).

    Args:
        table_name: Its name.
    """

    def __init__(self, table_name: str) -> None:
        # One attempt: a second one might count or claim twice.
        self._table = Table(table_name, timeout_s=_TIMEOUT_S, attempts=1)

    def read(self, key: str) -> Item | None:
        """The item. See `StateStore`."""
        response = self._table.call("get_item", TableName=self._table.name, Key={KEY: {"S": key}}, ConsistentRead=True)
        found = response.get("Item")
        return None if found is None else _read_item(found)

    def put(self, key: str, item: Item, condition: Condition | None = None) -> Item | None:
        """Store a whole item. See `StateStore`."""
        expression = _Expression()
        written = {KEY: {"S": key}, **{name: _attribute(value) for name, value in item.items()}}
        return self._change("put_item", expression, condition, Item=written)

    def update(self, key: str, set_to: Item, add: Item, condition: Condition) -> tuple[bool, Item]:
        """Change some attributes. See `StateStore`."""
        expression = _Expression()
        changes = [f"{expression.name(name)} = {expression.value(value)}" for name, value in set_to.items()]
        changes += [
            f"{expression.name(name)} = {expression.name(name)} + {expression.value(value)}"
            for name, value in add.items()
        ]
        response = self._write(
            "update_item",
            expression,
            condition,
            Key={KEY: {"S": key}},
            UpdateExpression=f"SET {', '.join(changes)}",
            ReturnValues="UPDATED_NEW",
        )
        refused = response.get("refused")
        return (True, _read_item(response["Attributes"])) if refused is None else (False, _read_item(refused))

    def delete(self, key: str, condition: Condition | None = None) -> Item | None:
        """Delete the item. See `StateStore`."""
        return self._change("delete_item", _Expression(), condition, Key={KEY: {"S": key}})

    def _change(
        self, operation: str, expression: _Expression, condition: Condition | None, **arguments: Any
    ) -> Item | None:
        refused = self._write(operation, expression, condition, **arguments).get("refused")
        return None if refused is None else _read_item(refused)

    def _write(
        self, operation: str, expression: _Expression, condition: Condition | None, **arguments: Any
    ) -> dict[str, Any]:
        if condition is not None:
            arguments["ConditionExpression"] = expression.condition(condition)
            arguments["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if expression.names:
            arguments["ExpressionAttributeNames"] = expression.names
        if expression.values:
            arguments["ExpressionAttributeValues"] = expression.values
        return self._table.call(operation, TableName=self._table.name, **arguments)


class _Expression:
    """Placeholders for names and values: DynamoDB reserves hundreds of words."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, dict[str, Any]] = {}

    def name(self, name: str) -> str:
        self.names[f"#{name}"] = name
        return f"#{name}"

    def value(self, value: Value) -> str:
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = _attribute(value)
        return placeholder

    def condition(self, condition: Condition) -> str:
        kind, *rest = condition
        if kind in ("AND", "OR"):
            return f" {kind} ".join(f"({self.condition(each)})" for each in rest)
        if kind == "absent":
            return f"attribute_not_exists({self.name(rest[0])})"
        name, compared_by, value = rest
        return f"{self.name(name)} {compared_by} {self.value(value)}"


def _attribute(value: Value) -> dict[str, Any]:
    if isinstance(value, int):
        return {"N": str(value)}
    return {"S": value} if isinstance(value, str) else {"B": value}


def _read_item(item: Mapping[str, Mapping[str, Any]]) -> Item:
    values = {name: attribute for name, attribute in item.items() if name != KEY}
    return {
        name: int(found["N"]) if "N" in found else found["S"] if "S" in found else bytes(found["B"])
        for name, found in values.items()
    }


_stores: list[StateStore] = []


def state_store() -> StateStore:
    """The store of this process, created at the first call."""
    if not _stores:
        table_name = os.environ.get(STATE_TABLE_VARIABLE)
        if table_name:
            _stores.append(TableState(table_name))
        else:
            log_warning(
                f"{STATE_TABLE_VARIABLE} is not set: rate limits, idempotency and sessions use the memory of this process alone"
            )
            _stores.append(MemoryState())
    return _stores[-1]


def use_state_store(store: StateStore) -> Callable[[], None]:
    """Make guards use this store.

    Returns:
        A function that restores the previous one.
    """
    _stores.append(store)
    return lambda: _stores.remove(store)


def reset_state_store() -> None:
    """Make the next call create a new store, with the table that the environment names then: for dev and tests."""
    _stores.clear()


async def without_blocking(function: Callable[..., Any], *args: Any) -> Any:
    """The value of a store's function, called in a thread if an event loop runs."""
    loop = running_loop()
    if loop is None or isinstance(getattr(function, "__self__", None), MemoryState):
        return function(*args)
    return await loop.run_in_executor(None, function, *args)
