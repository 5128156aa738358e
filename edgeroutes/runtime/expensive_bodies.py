"""Bodies that would take a validator far more time or memory than their size: refused.

- A set or dict of values whose hashes a client can choose takes quadratic time. Strings have secret hashes; an int's is its remainder by
2⁶¹-1, and floats, Decimals and UUIDs follow it.
- pydantic makes every problem, each with a copy of its path, before anybody can stop it: a body of 230 kB with one long name, or with
a hundred levels, would take a gigabyte.
- pydantic tries every type of a union without discriminator at every level: with three recursive ones, level n costs 3ⁿ.
"""

from __future__ import annotations

import re
from decimal import Decimal

from edgeroutes.http.interrupts import HTTPError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, NoReturn

    Schema = dict[str, Any]

COLLIDING = "has too many different items with the same hash"
_FEW = 1_000
_MOST_ALIKE = 50
_UUID_DIGITS = 32
# A smaller body cannot do harm.
SMALL_BYTES = 4_096
_MOST_BYTES = 100_000_000
_LEVEL_BYTES = 32
_long_name = re.compile(rb'"(?:[^"\\]|\\.){64,}+"\s*:').search
_MAX_TRIALS = 3_000  # of one object in the deepest level: about 50 ms
_MAX_TRIALS_OF_ALL = 30_000  # of all objects of a body together


def collide(values: list[Any]) -> bool:
    """Whether so many different values have one hash that a set of them takes quadratic time."""
    if len(values) <= _FEW:
        return False
    by_hash: dict[int, list[Any]] = {}
    for value in values:
        alike = by_hash.setdefault(hash(value), [value])
        if value not in alike:
            alike.append(value)
            if len(alike) > _MOST_ALIKE:
                return True
    return False


def require_few_collisions(value: Any) -> None:
    """Raise HTTPError 400 for a JSON value with a list or object that a library may make such a set or dict of."""
    left = [value]
    while left:
        part = left.pop()
        if part.__class__ not in (dict, list):
            continue
        if len(part) > _FEW and collide(_numbers(part)):
            raise HTTPError(400, f"the body {COLLIDING}")
        left.extend(part.values() if part.__class__ is dict else part)


def _numbers(values: Iterable[Any]) -> list[Any]:
    """The numbers among items or names, also those that a library reads from strings; UUIDs as their 128 bits."""
    found = (_number(value) if value.__class__ is str else value for value in values)
    return [value for value in found if value.__class__ in (int, float, Decimal)]


def _number(text: str) -> int | Decimal | None:
    digits = text.replace("-", "")
    try:
        if len(digits) == _UUID_DIGITS:
            return int(digits, 16)
        number = Decimal(text)
    except (ValueError, ArithmeticError):
        return None
    return number if number.is_finite() else None


def is_recursive(model: Any) -> bool:
    """Whether a model may contain itself, so that its values nest as deep as a client likes."""
    return "definition-ref" in str(getattr(model, "__pydantic_core_schema__", ""))


def has_long_name(body: bytes) -> bool:
    """Whether an object in a JSON text has a name of more than 64 characters."""
    return _long_name(body) is not None


def require_short_paths(value: Any) -> None:
    """Raise HTTPError 400 for a JSON value whose parts, were each of them wrong, would have too much of paths together."""
    left = [(value, 0)]
    total = 0
    while left:
        part, length = left.pop()
        inner = length + _LEVEL_BYTES
        if part.__class__ is dict:
            total += sum(inner + len(name) for name in part)
            left.extend((each, inner + len(name)) for name, each in part.items() if each.__class__ in (dict, list))
        elif part.__class__ is list:
            total += inner * len(part)
            left.extend((each, inner) for each in part if each.__class__ in (dict, list))
        if total > _MOST_BYTES:
            raise HTTPError(400, "the body has too many values under long names or too deep in each other")


class _Depth:
    """How much a body may nest for a model whose union of `choices` types contains itself.

    Args:
        choices: The number of types that are tried for one object.
    """

    def __init__(self, choices: int) -> None:
        self.choices = choices
        self.most_objects = 1
        while choices**self.most_objects < _MAX_TRIALS:
            self.most_objects += 1

    def require(self, value: Any, model: Any) -> None:
        """Raise HTTPError 400 for a JSON value that nests deeper, or has too many objects at a depth; the log names the fix."""
        level = [value]
        trials = 0
        for depth in range(self.most_objects + 1):
            objects = []
            for part in level:  # which grows by what its lists hold
                if part.__class__ is list:
                    level.extend(part)
                elif part.__class__ is dict:
                    objects.append(part)
            if not objects:
                return
            trials += len(objects) * self.choices ** max(
                depth - 1, 0
            )  # the first level is not a union, or a single one
            if trials > _MAX_TRIALS_OF_ALL:
                self._refuse(
                    f"{len(objects)} objects at level {depth + 1}", "has too many objects in each other", model
                )
            level = [part for found in objects for part in found.values()]
        allowed = f"{self.most_objects} objects in each other are allowed"
        self._refuse(f"more than {self.most_objects} objects in each other", f"is nested too deep: {allowed}", model)

    def _refuse(self, what: str, problem: str, model: Any) -> NoReturn:
        from edgeroutes.runtime.log import log_warning

        remedy = "Give its unions a discriminator (pydantic.Field(discriminator=...)) to take them"
        log_warning(
            f"{model.__name__} does not take {what}, for it has a recursive union of {self.choices} types. {remedy}"
        )
        raise HTTPError(400, f"the body {problem}")


def depth_of(model: Any) -> _Depth | None:
    """How much a body may nest for a model; None where it has no union that makes that matter."""
    if getattr(model, "__pydantic_complete__", True) is False:  # names what was defined after it, or defers its schema
        model.model_rebuild(raise_errors=False)
    schema = getattr(model, "__pydantic_core_schema__", None)
    if not isinstance(schema, dict):
        return None
    choices = _recursive_choices(schema)
    return _Depth(choices) if choices > 1 else None


def _recursive_choices(schema: Schema) -> int:
    """The largest number of types in one union, without discriminator, that may contain the union again."""
    definitions = {found["ref"]: found for found in _schemas(schema) if "ref" in found}
    reached = {ref: _references(found) for ref, found in definitions.items()}
    grows = True
    while grows:
        grows = False
        for ref, others in reached.items():
            more = others.union(*(reached.get(other, ()) for other in others))
            if more != others:
                reached[ref], grows = more, True
    recursive = {ref for ref, others in reached.items() if ref in others}
    counts = [
        sum(bool(_references(_choice(choice)) & recursive) for choice in found["choices"])
        for found in _schemas(schema)
        if found.get("type") == "union"
    ]
    return max(counts, default=0)


def _choice(choice: Any) -> Any:
    return choice[0] if isinstance(choice, tuple) else choice  # with a label


def _references(schema: Any) -> set[str]:
    """The definitions that a schema names, its own among them where it has a name."""
    return {found["schema_ref"] for found in _schemas(schema) if found.get("type") == "definition-ref"}


def _schemas(value: Any) -> Iterator[Schema]:
    """Every schema in a schema; `metadata` and the classes in it are none."""
    if isinstance(value, dict):
        if isinstance(value.get("type"), str):
            yield value
        for name, part in value.items():
            if name != "metadata":
                yield from _schemas(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _schemas(part)
