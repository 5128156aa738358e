"""`edgeroutes new PATH`: a route file with its handlers, and its test. The project's own scanner checks the new route."""

from __future__ import annotations

import json
import re
from keyword import iskeyword
from typing import TYPE_CHECKING

from edgeroutes.cli import DONE, REFUSED
from edgeroutes.cli.init import (
    Change,
    has_own_template,
    print_changes,
    print_notes,
    refresh_template,
    write_changes,
)
from edgeroutes.cli.output import problem_document
from edgeroutes.config import load_config
from edgeroutes.errors import LayoutError, require_no_problems
from edgeroutes.names import TEMPLATE_FILE
from edgeroutes.routing.conventions import METHODS, ROUTE_FILE
from edgeroutes.routing.layout import foreign_segments
from edgeroutes.routing.patterns import OPTIONAL_CATCH_ALL, PARAM, PRIVATE, parse_segment
from edgeroutes.routing.reading import DiskTree
from edgeroutes.routing.scan import scan
from edgeroutes.routing.table import canonical_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from edgeroutes.config import Config
    from edgeroutes.errors import EdgeroutesError, ProjectError
    from edgeroutes.routing.patterns import Pattern, Segment
    from edgeroutes.routing.scan import RouteFile


def print_new(root: Path, path: str, methods: Sequence[str], *, as_json: bool) -> int:
    """Create a route and its test, and print their files; 1 when template.yaml cannot be updated."""
    config = load_config(root)
    app_dir = config.app_dir.strip("/")
    directory = read_directory(path, app_dir)
    route = _plan_route(root, app_dir, directory, methods)
    changes = [
        Change(
            path=route.source_file,
            text=_render_route(route.pattern, methods),
            about=f"{' '.join(methods)} {route.route_path}",
        )
    ]
    folders = route.directory.split("/")
    notes = [
        str(each).rstrip(".")
        for each in foreign_segments("/".join(folders[: depth + 1]) for depth in range(len(folders)))
    ]
    test = _place_test(root, directory.removeprefix(app_dir).strip("/"))
    if (root / test).exists():
        notes.append(f"{test}: the file exists, and stays as it is")
    else:
        changes.append(Change(path=test, text=_render_test(route.pattern, methods, config)))
    write_changes(root, changes)
    template = ""
    problems: Sequence[EdgeroutesError] = ()
    if (root / TEMPLATE_FILE).is_file() and not has_own_template(root):
        template, problems = refresh_template(root)
    else:
        notes.append("template.yaml does not contain the route yet. Run 'edgeroutes template'")
    _print(route, changes, template, notes, problems, as_json=as_json)
    return REFUSED if problems else DONE


def read_directory(path: str, app_dir: str) -> str:
    """The folder of a path: 'users/[id]', '/users/[id]' and 'functions/users/[id]/route.py' have the same one."""
    inner = path.removesuffix(f"/{ROUTE_FILE}").removeprefix("./").rstrip("/")
    if inner == app_dir or inner.startswith(f"{app_dir}/"):
        inner = inner[len(app_dir) :]
    inner = inner.removeprefix("/")
    return f"{app_dir}/{inner}" if inner else app_dir


def _plan_route(root: Path, app_dir: str, directory: str, methods: Sequence[str]) -> RouteFile:
    """The route as the scanner finds it among the project's other routes."""
    file = f"{directory}/{ROUTE_FILE}"
    if (root / file).exists():
        raise LayoutError("the route exists", where=file, hint="Add a handler to the file")
    require_no_problems(_check_names(directory[len(app_dir) :].split("/")[1:], file))
    tree = DiskTree(root)
    known = {str(problem) for problem in scan(tree, app_dir).problems}
    text = "".join(f"def {method}():\n    return ''\n" for method in methods)
    found = scan(_TreeWithFile(tree, file, text), app_dir)
    require_no_problems([problem for problem in found.problems if str(problem) not in known])
    return next(route for route in found.routes if route.source_file == file)


def _check_names(names: Sequence[str], file: str) -> list[ProjectError]:
    """Problems of folders that the scanner would skip: '..' and private ones."""
    problems: list[ProjectError] = []
    for name in names:
        try:
            segment = parse_segment(name, file)
        except LayoutError as error:
            problems.append(error)
            continue
        if segment.kind == PRIVATE:
            problem = f"folder {name!r} is private and contains no routes"
            hint = f"Name it '%5F{name[1:]}' if its URL begins with an underscore"
            problems.append(LayoutError(problem, where=file, hint=hint))
    return problems


class _TreeWithFile:
    """A `FileTree` with one more file and its folders."""

    def __init__(self, tree: DiskTree, file: str, text: str) -> None:
        self._tree = tree
        self._file = file
        self._text = text

    def list_names(self, directory: str) -> Sequence[str]:
        names = set(self._tree.list_names(directory)) if self._tree.is_directory(directory) else set()
        prefix = f"{directory}/" if directory else ""
        if self._file.startswith(prefix):
            names.add(self._file.removeprefix(prefix).partition("/")[0])
        return sorted(names)

    def is_directory(self, path: str) -> bool:
        return self._file.startswith(f"{path}/") or self._tree.is_directory(path)

    def resolve(self, directory: str) -> str:
        return self._tree.resolve(directory)

    def leads_out(self, path: str) -> str:
        return self._tree.leads_out(path)

    def read_text(self, path: str) -> str:
        return self._text if path == self._file else self._tree.read_text(path)


def _place_test(root: Path, inner: str) -> str:
    """The test file of a route: beside the other tests of routes, named after the folders."""
    folder = "tests/functions" if (root / "tests/functions").is_dir() else "tests"
    words = re.findall(r"[A-Za-z0-9]+", inner)
    return f"{folder}/test_{'_'.join(words).lower() or 'root'}.py"


def _print(
    route: RouteFile,
    changes: list[Change],
    template: str,
    notes: list[str],
    problems: Sequence[EdgeroutesError],
    *,
    as_json: bool,
) -> None:
    if as_json:
        found = [problem_document(problem) for problem in problems]
        made = [change.path for change in changes]
        print(json.dumps({"path": route.route_path, "made": made, "notes": notes, "problems": found}))
        return
    print(route.route_path)
    print_changes(changes, template=template)
    print_notes(notes, problems)


def read_methods(text: str) -> list[str]:
    """The methods in 'GET,post', in HTTP's order.

    Raises:
        ValueError: One of them is not a method, or there are none.
    """
    named = [name.strip().upper() for name in text.split(",") if name.strip()]
    unknown = [name for name in named if name not in METHODS]
    if unknown or not named:
        raise ValueError(
            f"{', '.join(unknown) or 'nothing'!r} is not a method. Allowed are {', '.join(METHODS)}, separated by commas."
        )
    return [method for method in METHODS if method in named]


_EXAMPLE = "a"
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_STATUS = {"POST": 201, "DELETE": 204, "OPTIONS": 204}


def _render_route(pattern: Pattern, methods: Sequence[str]) -> str:
    """A route file with a handler for each method, whose arguments are the path's parameters."""
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
    values = [f'"{each.name}": ' + (each.name if by_name else f'params.get("{each.name}")') for each in captured]
    kind = "Response"
    if method == "GET":
        kind = "dict[str, object]"
        response = "{" + ", ".join(values or [f'"path": "{pattern.route_path}"']) + "}"
    elif method in _WITH_BODY:
        arguments.insert(0, "request: Request")  # before those that have a default
        status = f", status={_STATUS[method]}" if method in _STATUS else ""
        response = "Response.json({" + ", ".join([*values, '"received": await request.json()']) + "}" + status + ")"
    else:
        response = f"Response(status={_STATUS.get(method, 200)})"
    return f"async def {method}({', '.join(arguments)}) -> {kind}:\n    return {response}\n"


def _type_of(segment: Segment) -> str:
    if segment.kind == PARAM:
        return "str"
    return "list[str] | None = None" if segment.kind == OPTIONAL_CATCH_ALL else "list[str]"


def _render_test(pattern: Pattern, methods: Sequence[str], config: Config) -> str:
    values: dict[str, str | list[str]] = {
        segment.name: _EXAMPLE if segment.kind == PARAM else [_EXAMPLE, "b"]
        for segment in pattern.segments
        if segment.is_dynamic
    }
    parts = [values[each.name] if each.is_dynamic else each.name for each in pattern.segments]
    path = f"{config.base_path}/{'/'.join('/'.join(part) if isinstance(part, list) else part for part in parts)}"
    url = canonical_path(path, trailing_slash=config.trailing_slash) or path
    tests = [_render_case(method, url, values, pattern.route_path) for method in methods]
    return "from edgeroutes.testing import RouteClient\n\n\n" + "\n\n".join(tests)


def _render_case(method: str, url: str, values: Mapping[str, object], route_path: str) -> str:
    expected: Mapping[str, object] = {**values, "received": {"name": "Ada"}}
    sent = ', json={"name": "Ada"}' if method in _WITH_BODY else ""
    lines = [
        f"def test_{method.lower()}(client: RouteClient) -> None:",
        f'    response = client.{method.lower()}("{url}"{sent})',
        f"    assert response.status_code == {_STATUS.get(method, 200)}",
    ]
    if method == "GET":
        expected = values or {"path": route_path}
    if method == "GET" or sent:
        lines.append(f"    assert response.json() == {json.dumps(expected, ensure_ascii=False)}")
    return "\n".join([*lines, ""])
