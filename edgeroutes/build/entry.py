"""The module that Lambda loads in each bundle, written out as Python, and which of its routes need an event loop.

The search for asyncio leads deep into distributions, and its result depends on the route's own files and on the installed
distributions alone: it is kept by them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeroutes._version import __version__
from edgeroutes.build.dependencies import LAMBDA_HAS, LAMBDA_HAS_FOR_BOTO3
from edgeroutes.build.modules import Origin
from edgeroutes.plan.manifest import manifest_arguments, route_arguments
from edgeroutes.plan.model import ENTRY_MODULE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from edgeroutes.build.bundle import Bundle
    from edgeroutes.build.store import Store
    from edgeroutes.build.trace import Tracer
    from edgeroutes.config import Config
    from edgeroutes.http.cors import CORS
    from edgeroutes.plan.model import FunctionPlan
    from edgeroutes.routing.scan import RouteFile


FILE = "loops.json"
_FORMAT = 2


def needs_loop(route: RouteFile, tracer: Tracer, within: frozenset[str] | None = None) -> bool:
    """Whether a route runs on an event loop; dev and the build both decide it here.

    A route that exports `app` always does: an ASGI server and its lifespan are asyncio, whatever the app imports. Any other route does
    when its imports reach asyncio, anyio or trio.

    Args:
        route: With its middleware.
        tracer: Of the project.
        within: The distributions that are there at run time; None for all that are installed.

    Raises:
        ProjectError: A file of the project is not valid Python.
    """
    if route.exports.app is not None:
        return True
    return tracer.event_loop_reason(map(Path, route.files), within) is not None


class LoopDecisions:
    """Results for one build, stored for the next.

    Args:
        store: Keeps them.
        tracer: Finds out what is not known.
        site_packages: Where distributions are installed.
        digest: A file's content, as a short text.
    """

    def __init__(
        self, store: Store, tracer: Tracer, site_packages: Iterable[Path], digest: Callable[[Path], str]
    ) -> None:
        self._store = store
        self._tracer = tracer
        self._digest = digest
        self._installed = [sorted(path.name for path in folder.glob("*")) for folder in site_packages]
        self._known: dict[str, list[str | bool]] = {}
        with contextlib.suppress(ValueError):
            self._known = json.loads(store.read_text(FILE) or "{}")
        self._stored = dict(self._known)
        self._used: dict[str, list[str | bool]] = {}

    def needs_loop(self, bundle: Bundle, distributions: Iterable[str]) -> dict[str, bool]:
        """By route path, whether the route's imports reach asyncio, anyio or trio in the distributions that its function has."""
        within = frozenset({*distributions, *LAMBDA_HAS, *LAMBDA_HAS_FOR_BOTO3})
        fingerprint = self._fingerprint(bundle, within)
        return {route.route_path: self._result(route, within, fingerprint) for route in bundle.function.routes}

    def save(self) -> None:
        """Store the results that this build used."""
        if self._used != self._stored:
            self._store.write_text(FILE, json.dumps(self._used, sort_keys=True))

    def _result(self, route: RouteFile, within: frozenset[str], fingerprint: str) -> bool:
        known = self._used.get(route.source_file) or self._known.get(route.source_file)
        if known is None or not fingerprint or known[0] != fingerprint:
            known = [fingerprint, needs_loop(route, self._tracer, within)]
        self._used[route.source_file] = known
        return bool(known[1])

    def _fingerprint(self, bundle: Bundle, within: frozenset[str]) -> str:
        """What decides the results for a function's routes; empty if that is unknown: a distribution that is a folder."""
        if bundle.local_tops:
            return ""
        modules: Sequence[tuple[str, str]] = [
            (each.module.archive_path, self._digest(each.module.file) if each.module.form.is_file else "")
            for each in bundle.graph.modules.values()
            if each.module.origin is Origin.PROJECT
        ]
        middleware = [(route.source_file, route.files) for route in bundle.function.routes]
        decides = json.dumps([_FORMAT, __version__, sorted(modules), middleware, sorted(within), self._installed])
        return hashlib.sha256(decides.encode()).hexdigest()[:32]


ENTRY_FILE = f"{ENTRY_MODULE}.py"
# The defaults of runtime.manifest, which the build side may not import; a test compares them. `needs_loop` is always written.
_ROUTE_DEFAULTS: Mapping[str, Any] = {"middleware_files": (), "cors": None, "has_options": False, "guards": None}
_MANIFEST_DEFAULTS: Mapping[str, Any] = {
    "base_path": "",
    "trailing_slash": False,
    "tag_header": "x-cache-tag",
    "stream_margin_ms": 1000,
    "cors": None,
}


def entry_imports(function: FunctionPlan) -> tuple[str, ...]:
    """Files of edgeroutes that a function's entry imports: the trace of its bundle begins at them, too."""
    adapter = "adapters/streaming.py" if function.streams else "adapters/proxy.py"
    return adapter, "runtime/manifest.py"


def render_entry(function: FunctionPlan, config: Config, needs_loop: Mapping[str, bool]) -> str:
    """The source of a function's entry module; the same text for the same plan.

    Args:
        function: Its routes, none for the fallback.
        config: The settings that the runtime needs.
        needs_loop: By route path, whether the route's imports reach asyncio, anyio or trio.
    """
    names = ["Manifest", *(["ManifestRoute"] if function.routes else [])]
    routes = "".join(
        f"    {_render_route(route, function.cors.get(route.route_path), needs_loop=needs_loop[route.route_path])},\n"
        for route in function.routes
    )
    settings = manifest_arguments(config)
    if not function.streams:
        del settings["stream_margin_ms"]
    arguments = "".join(f", {each}" for each in _differing(settings, _MANIFEST_DEFAULTS))
    module, handler = ("streaming", "StreamingHandler") if function.streams else ("proxy", "LambdaHandler")
    lines = [
        f'"""What Lambda calls for {function.logical_id}. Written by edgeroutes: every build writes it anew."""',
        "",
        f"from edgeroutes.adapters.{module} import {handler}",
        *(["from edgeroutes.http.cors import CORS"] if function.cors or config.cors is not None else []),
        f"from edgeroutes.runtime.manifest import {', '.join(names)}",
        "",
        f"routes = [\n{routes}]" if routes else "routes = []",
        f'handler = {handler}(Manifest(routes{arguments}), __file__.rpartition("/")[0])',
        "",
    ]
    return "\n".join(lines)


def _render_route(route: RouteFile, cors: CORS | None, *, needs_loop: bool) -> str:
    settings = {**route_arguments(route, cors), "needs_loop": needs_loop}
    if cors is None:  # only CORS reads it
        del settings["has_options"]
    written = (_literal(route.route_path), _literal(route.source_file), *_differing(settings, _ROUTE_DEFAULTS))
    return f"ManifestRoute({', '.join(written)})"


def _differing(arguments: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[str]:
    return [
        f"{name}={_literal(value)}"
        for name, value in arguments.items()
        if name not in defaults or defaults[name] != value
    ]


def _literal(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_literal, value))}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
