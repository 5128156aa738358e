"""How deep a body may nest for a pydantic model with recursive unions. Request wing, floor 2; loaded with a pydantic model.

pydantic tries every type of a union without discriminator at every level: with three recursive ones, level n costs 3ⁿ. Nothing stops
it once it runs, so such a body is not given to it.
"""

from __future__ import annotations

from edgeroutes.http.interrupts import HTTPError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Schema = dict[str, Any]

_MAX_TRIALS = 3_000  # about 50 ms


def max_objects_deep(model: Any) -> int | None:
    """How many objects may lie in each other in a body for the model; None where it has no union that makes that matter."""
    schema = getattr(model, "__pydantic_core_schema__", None)
    if not isinstance(schema, dict):
        return None
    choices = _recursive_choices(schema)
    if choices < 2:
        return None
    levels = 1
    while choices**levels < _MAX_TRIALS:
        levels += 1
    return levels


def require_not_deeper(value: Any, objects_deep: int, model: Any) -> None:
    """Raise HTTPError 400 for a JSON value with more objects in each other; the log tells how to have them."""
    level = [value]
    for _ in range(objects_deep + 1):
        objects = []
        for part in level:  # which grows by what its lists hold
            if part.__class__ is list:
                level.extend(part)
            elif part.__class__ is dict:
                objects.append(part)
        if not objects:
            return
        level = [part for found in objects for part in found.values()]
    from edgeroutes.runtime.log import log_warning

    remedy = "Give its unions a discriminator (pydantic.Field(discriminator=...)) to take them"
    log_warning(
        f"{model.__name__} takes at most {objects_deep} objects in each other, for it has a recursive union. {remedy}"
    )
    raise HTTPError(400, f"the body is nested too deep: {objects_deep} objects in each other are allowed")


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
