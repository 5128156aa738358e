"""Finds a function by route, file or logical id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeroutes.errors import ConfigError, suggest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgeroutes.plan.model import FunctionPlan


def find_function(functions: Iterable[FunctionPlan], route: str) -> FunctionPlan:
    """The function of a route.

    Args:
        functions: The project's functions.
        route: The route's path, with or without its first slash, its folder, its route file or its function's logical id.

    Raises:
        ConfigError: There is no such route.
    """
    wanted = f"/{route.strip('/')}"
    names: dict[str, FunctionPlan] = {}
    for function in functions:
        names[f"/{function.logical_id}"] = function
        for each in function.routes:
            names |= dict.fromkeys((each.route_path, f"/{each.directory}", f"/{each.source_file}"), function)
    if wanted in names:
        return names[wanted]
    hint = suggest(wanted, names, "'edgeroutes routes' lists them")
    raise ConfigError("there is no such route", where=route, hint=hint)
