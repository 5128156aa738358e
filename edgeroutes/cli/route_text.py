"""The text of a new route file and of its test. Roof; knows patterns, no files."""

from __future__ import annotations

import json
import re
from keyword import iskeyword
from typing import TYPE_CHECKING

from edgeroutes.routing.segments import OPTIONAL_CATCH_ALL, PARAM
from edgeroutes.routing.table import canonical_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeroutes.config import Config
    from edgeroutes.routing.patterns import Pattern
    from edgeroutes.routing.segments import Segment

_EXAMPLE = "a"
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_STATUS = {"POST": 201, "DELETE": 204, "OPTIONS": 204}


def render_route(pattern: Pattern, methods: Sequence[str]) -> str:
    """A route file with a handler for each method, whose arguments are what its path captures."""
    handlers = [_render_handler(pattern, method) for method in methods]
    text = "\n\n".join(handlers)
    names = [name for name in ("Request", "Response") if re.search(rf"\b{name}\b", text)]
    imports = f"from edgeroutes import {', '.join(names)}\n\n\n" if names else ""
    if "Mapping[" in text:
        imports = f"from collections.abc import Mapping\n\n{imports or chr(10)}"
    return f"{imports}{text}"


def _render_handler(pattern: Pattern, method: str) -> str:
    captured = [segment for segment in pattern.segments if segment.is_dynamic]
    by_name = all(each.name.isidentifier() and not iskeyword(each.name) for each in captured)
    arguments = [f"{each.name}: {_type_of(each)}" for each in captured] if by_name else ["params: Mapping[str, object]"]
    held = [f'"{each.name}": ' + (each.name if by_name else f'params.get("{each.name}")') for each in captured]
    kind = "Response"
    if method == "GET":
        kind = "dict[str, object]"
        answer = "{" + ", ".join(held or [f'"path": "{pattern.route_path}"']) + "}"
    elif method in _WITH_BODY:
        arguments.insert(0, "request: Request")  # before those that have a default
        status = f", status={_STATUS[method]}" if method in _STATUS else ""
        answer = "Response.json({" + ", ".join([*held, '"received": await request.json()']) + "}" + status + ")"
    else:
        answer = f"Response(status={_STATUS.get(method, 200)})"
    return f"async def {method}({', '.join(arguments)}) -> {kind}:\n    return {answer}\n"


def _type_of(segment: Segment) -> str:
    if segment.kind == PARAM:
        return "str"
    return "list[str] | None = None" if segment.kind == OPTIONAL_CATCH_ALL else "list[str]"


def render_test(pattern: Pattern, methods: Sequence[str], config: Config) -> str:
    """A test for each method of such a route file."""
    values: dict[str, object] = {
        segment.name: _EXAMPLE if segment.kind == PARAM else [_EXAMPLE, "b"]
        for segment in pattern.segments
        if segment.is_dynamic
    }
    path = config.base_path + pattern.render_path(values)
    url = canonical_path(path, trailing_slash=config.trailing_slash) or path
    tests = [_render_case(method, url, values, pattern.route_path) for method in methods]
    return "from edgeroutes.testing import RouteClient\n\n\n" + "\n\n".join(tests)


def _render_case(method: str, url: str, values: dict[str, object], route_path: str) -> str:
    expected: dict[str, object] = {**values, "received": {"name": "Ada"}}
    sent = ', json={"name": "Ada"}' if method in _WITH_BODY else ""
    lines = [
        f"def test_{method.lower()}_answers(client: RouteClient) -> None:",
        f'    answer = client.{method.lower()}("{url}"{sent})',
        f"    assert answer.status_code == {_STATUS.get(method, 200)}",
    ]
    if method == "GET":
        expected = values or {"path": route_path}
    if method == "GET" or sent:
        lines.append(f"    assert answer.json() == {json.dumps(expected, ensure_ascii=False)}")
    return "\n".join([*lines, ""])
