"""What commands write with `--json`, as JSON can hold it. Roof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgeroutes.errors import EdgeroutesError


def problem_document(problem: EdgeroutesError) -> dict[str, str]:
    """A problem, for programs."""
    return {"kind": type(problem).__name__, "where": problem.where, "problem": problem.problem, "hint": problem.hint}


def json_value(value: Any) -> Any:
    """A value of segment config as JSON can hold it."""
    if isinstance(value, tuple):
        return [json_value(each) for each in value]
    return value if isinstance(value, str | int | float | bool | type(None)) else str(value)
