"""Whether what a route reaches can wait on an event loop.

A coroutine that never waits is run without a loop, so that asyncio need not be imported. The question concerns the
whole graph, function-level imports included: `await asyncio.sleep(1)` without a loop would fail in mid-handler.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeroutes.build.graph import Chain, ImportGraph
    from edgeroutes.build.import_values import ImportSite

LOOP_PACKAGES = frozenset({"_asyncio", "anyio", "asyncio", "trio"})
"""Top-level packages whose coroutines wait on a loop; no other module of the standard library gives out such."""

EDGEROUTES_LOOP_NAMES: frozenset[str] = frozenset()
"""Names of edgeroutes that wait on a loop by contract, as `edgeroutes.fetch` might: importing one counts as asyncio."""

# asyncio's names that ask what an object is and wait for nothing. typing_extensions, and so pydantic, msgspec and many
# more, imports asyncio for these alone.
_WAITLESS_NAMES = frozenset({"coroutines", "iscoroutine", "iscoroutinefunction"})

# Importer and imported package where a synchronous function borrows another from a package that has asyncio elsewhere.
# Source: aws-lambda-powertools 3.37.0, shared/functions.py:241, which every Logger imports: `_model_dump`.
_BORROWED = frozenset({("aws_lambda_powertools.shared.functions", "aws_lambda_powertools.event_handler")})


def event_loop_reason(graph: ImportGraph) -> Chain | None:
    """The chain to the first of asyncio, anyio and trio that is reached; None where no handler can wait on a loop.

    Args:
        graph: Traced into distributions.
    """
    for reached in graph.modules.values():
        if reached.module.name.partition(".")[0] in LOOP_PACKAGES:
            return graph.chain(reached)
    return None


def is_waitless(importer: str, site: ImportSite) -> bool:
    """Whether the import, made in the module `importer`, is known to lead to nothing that waits."""
    top, _, below = site.module.partition(".")
    if top != "asyncio" or site.level:
        package = ".".join(site.module.split(".")[:2])
        return (importer, package) in _BORROWED
    if site.names:
        return below == "coroutines" or (not below and _WAITLESS_NAMES.issuperset(site.names))
    return bool(site.asks) and _WAITLESS_NAMES.issuperset(site.asks or ())
