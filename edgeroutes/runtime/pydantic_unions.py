"""How deep a body may nest for a pydantic model with recursive unions. Loaded with a pydantic model.

pydantic tries every type of a union without discriminator at every level: with three recursive ones, level n costs 3ⁿ. Nothing stops
it once it runs, so such a body is not given to it.
"""

from __future__ import annotations

from edgeroutes.http.interrupts import HTTPError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn

    Schema = dict[str, Any]

_MAX_TRIALS = 3_000  # of one object in the deepest level: about 50 ms
_MAX_TRIALS_OF_ALL = 30_000  # of all objects of a body together


class Depth:
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
                self._refuse(f"{len(objects)} objects at level {depth + 1}", "has too many nested objects", model)
            level = [part for found in objects for part in found.values()]
        allowed = f"{self.most_objects} nested objects are allowed"
        self._refuse(f"more than {self.most_objects} nested objects", f"is nested too deep: {allowed}", model)

    def _refuse(self, what: str, problem: str, model: Any) -> NoReturn:
        from edgeroutes.runtime.log import log_warning

        remedy = "Give its unions a discriminator (pydantic.Field(discriminator=...)) to take them"
        log_warning(
            f"{model.__name__} does not take {what}, for it has a recursive union of {self.choices} types. {remedy}"
        )
        raise HTTPError(400, f"the body {problem}")


def depth_of(model: Any) -> Depth | None:
    """How much a body may nest for a model; None where it has no union that makes that matter."""
    if getattr(model, "__pydantic_complete__", True) is False:  # names what was defined after it, or defers its schema
        model.model_rebuild(raise_errors=False)
    schema = getattr(model, "__pydantic_core_schema__", None)
    if not isinstance(schema, dict):
        return None
    choices = _recursive_choices(schema)
    return Depth(choices) if choices > 1 else None


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
