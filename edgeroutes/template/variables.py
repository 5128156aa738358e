"""Warnings about environment variables that functions read and would not have on Lambda."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgeroutes.errors import Problem
from edgeroutes.names import OWN_VARIABLES
from edgeroutes.plan.infra import value_at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from edgeroutes.build.variables import VariableUse
    from edgeroutes.plan.model import FunctionPlan, ProjectPlan

    # A file, as messages name it, with a use in it.
    Uses = Mapping[str, Sequence[tuple[str, VariableUse]]]

# Variables of Lambda's Python runtimes, and prefixes of others. Source: docs.aws.amazon.com/lambda "configuration-envvars",
# Defined runtime environment variables (read 2026-11-21).
_LAMBDA_HAS = frozenset({"LANG", "LD_LIBRARY_PATH", "PATH", "PWD", "PYTHONPATH", "TZ", "_HANDLER", "_X_AMZN_TRACE_ID"})
_LAMBDA_PREFIXES = ("AWS_", OWN_VARIABLES, "LAMBDA_")
_HINT = (
    "Set it under Environment in function.yaml, or in [tool.edgeroutes.env] for all functions: docs/configuration.md"
)


def warn_variables(
    plan: ProjectPlan, document: Mapping[str, Any], uses: Uses, env_files: Mapping[str, Collection[str]]
) -> Iterator[Problem]:
    """Variables that only `.env` provides, and required ones that nothing provides; one warning per place.

    Args:
        plan: The project.
        document: Its template.
        uses: Logical id → the variables that the function's files read and set.
        env_files: `.env` and `.env.local`, with the names in them.
    """
    missing: dict[tuple[str, int, str], list[str]] = {}
    local = {name for names in env_files.values() for name in names}
    anywhere = {name for function in plan.functions for name in _variables(function, document)}
    for function in plan.functions:
        own = uses.get(function.logical_id, ())
        provided = {*_variables(function, document), *(use.name for _, use in own if use.sets)}
        for file, use in own:
            # A route may never run a function of a module that it imports. So a variable that any function has is not missing there.
            is_run = use.runs_at_import or file in function.source_files or use.name not in anywhere
            is_wanted = use.name in local or use.is_required
            if is_run and is_wanted and use.name not in provided and not _is_lambdas(use.name):
                missing.setdefault((file, use.line, use.name), []).append(function.logical_id)
    for (file, line, name), functions in sorted(missing.items()):
        sources = [each for each, names in env_files.items() if name in names]
        source = f"only {' and '.join(sources)} sets it" if sources else "nothing sets it"
        others = (
            f" and {len(functions) - 1} more functions" if functions[2:] else " and 1 more" if functions[1:] else ""
        )
        problem = f"the variable {name} is read here, and {source}: {functions[0]}{others} would not have it on Lambda"
        yield Problem(problem, where=f"{file}:{line}", hint=_HINT)


def _variables(function: FunctionPlan, document: Mapping[str, Any]) -> set[str]:
    everywhere = value_at(document, "Globals", "Function", "Environment", "Variables")
    own = value_at(document, "Resources", function.logical_id, "Properties", "Environment", "Variables")
    return {name for each in (everywhere, own) if isinstance(each, Mapping) for name in each}


def _is_lambdas(name: str) -> bool:
    return name in _LAMBDA_HAS or name.startswith(_LAMBDA_PREFIXES)
