"""Parts of edgeroutes that a function cannot use, although something in edgeroutes imports them. Floor 2; no I/O.

What a part is for stands in the plan (a folder's middleware, CORS), or takes a word in the project's source (`Response.sse`). A word
counts wherever it stands, in a comment or a text too: better a module too many than one too few.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from edgeroutes.config import Config
    from edgeroutes.plan.model import FunctionPlan

# Word → the modules that are asked for where it stands and nowhere else.
_BY_WORD = {
    rb"sse|heartbeat_seconds": ("runtime/heartbeats.py",),
    rb"sse|ndjson|json_array|stream|file": ("http/streams.py",),
    rb"file": ("http/files.py", "runtime/files.py"),
    rb"cors|CORS": ("http/cors.py",),
}


def unused_parts(function: FunctionPlan, config: Config, sources: Iterable[bytes]) -> frozenset[str]:
    """The modules, by their paths in the package, such as `runtime/cors.py`.

    Args:
        function: The plan.
        config: The project's settings.
        sources: Of the project's files in the function.
    """
    unnamed = _unnamed(b"\n".join(sources))
    if config.cors is not None or function.cors:
        unnamed = (part for part in unnamed if part != "http/cors.py")
    return frozenset((*_unplanned(function, config), *unnamed))


def _unplanned(function: FunctionPlan, config: Config) -> Iterator[str]:
    exports = [route.exports for route in function.routes]
    if config.cors is None and not function.cors:
        yield "runtime/cors.py"
    if not config.base_path:
        yield "runtime/base_path.py"
    if not any(route.middleware_files for route in function.routes):
        yield "runtime/middleware.py"
    if not any(each.app is not None for each in exports) and "mangum" not in map(str.lower, function.include):
        yield "adapters/mount.py"  # which load balancers' events need, too, and those need Mangum
    if not any(each.generate_static_params is not None for each in exports):
        yield "runtime/static_params.py"
    if not config.cdn.enabled:
        yield "adapters/origin.py"


def _unnamed(source: bytes) -> Iterator[str]:
    for word, modules in _BY_WORD.items():
        if not re.search(rb"\b(?:%b)\b" % word, source):
            yield from modules
