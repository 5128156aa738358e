"""Which routes need an event loop, remembered for as long as nothing that decides it has changed.

The search leads deep into distributions (see `steps`); the result depends on the route's own files and on the installed
distributions.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from edgeroutes._version import __version__
from edgeroutes.build.dependencies import LAMBDA_HAS, LAMBDA_HAS_FOR_BOTO3
from edgeroutes.build.modules import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from edgeroutes.build.bundle import Bundle
    from edgeroutes.build.store import Store
    from edgeroutes.build.trace import Tracer
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
    files = (route.source_file, *route.middleware_files)
    return tracer.event_loop_reason(map(Path, files), within) is not None


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
        middleware = [(route.source_file, route.middleware_files) for route in bundle.function.routes]
        decides = json.dumps([_FORMAT, __version__, sorted(modules), middleware, sorted(within), self._installed])
        return hashlib.sha256(decides.encode()).hexdigest()[:32]
