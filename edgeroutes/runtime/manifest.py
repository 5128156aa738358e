"""What a function knows of its routes without reading the project: written by the build, by `dev` and by tests.

A function never reads pyproject.toml, and never scans folders.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgeroutes.http.cors import CORS


class ManifestRoute:
    """One route of a function.

    Args:
        route_path: Its pattern, `/users/[id]`.
        source_file: Relative to the project, `functions/users/[id]/route.py`.
        middleware_files: The `middleware.py` of its folders, outermost first.
        needs_loop: Whether its import graph holds asyncio, anyio or trio.
        cors: What pages of other origins may do with it, its methods named; None for nothing.
        has_options: Whether it exports OPTIONS, and so responds to preflights by itself.
        guards: `auth`, `limit`, `idempotent` → the file that declares it; None without any.
    """

    __slots__ = ("cors", "guards", "has_options", "middleware_files", "needs_loop", "route_path", "source_file")

    def __init__(
        self,
        route_path: str,
        source_file: str,
        *,
        middleware_files: Sequence[str] = (),
        needs_loop: bool = True,
        cors: CORS | None = None,
        has_options: bool = False,
        guards: Mapping[str, str] | None = None,
    ) -> None:
        self.route_path = route_path
        self.source_file = source_file
        self.middleware_files = tuple(middleware_files)
        self.needs_loop = needs_loop
        self.cors = cors
        self.has_options = has_options
        self.guards = guards

    def parameters(self) -> dict[str, type[str | list[str]]]:
        """What the path captures, and as what: `/users/[id]/[...rest]` → `{"id": str, "rest": list}`."""
        parts = [part for part in self.route_path.split("/") if part.startswith("[")]
        return {part.strip("[]").removeprefix("..."): list if "[..." in part else str for part in parts}

    def own_path(self, path: str) -> str:
        """The part of a path that this route's folder stands for, without what its catch-all takes.

        Args:
            path: One that matched, without the base path: `/legacy/a/b` for `/legacy/[[...rest]]` gives `/legacy`.
        """
        depth = 0
        for part in self.route_path.split("/")[1:]:
            if not part or part.startswith(("[...", "[[")):
                break
            depth += 1
        return "/".join(path.split("/", depth + 1)[: depth + 1])

    def __repr__(self) -> str:
        return f"ManifestRoute({self.route_path!r}, {self.source_file!r})"


class Manifest:
    """The routes of one function, and the settings that it needs.

    Args:
        routes: At least one.
        base_path: The prefix under which all of them are served; empty for none.
        trailing_slash: Whether the form with the slash is the canonical one.
        tag_header: The header in which CloudFront reads cache tags.
        stream_margin_ms: How long before the function's timeout a stream that goes on is ended.
        cors: The project's, for the responses that no route gives.
    """

    __slots__ = ("base_path", "cors", "routes", "stream_margin_ms", "tag_header", "trailing_slash")

    def __init__(
        self,
        routes: Sequence[ManifestRoute],
        *,
        base_path: str = "",
        trailing_slash: bool = False,
        tag_header: str = "x-cache-tag",
        stream_margin_ms: int = 1000,
        cors: CORS | None = None,
    ) -> None:
        self.routes = tuple(routes)
        self.base_path = base_path.rstrip("/")
        self.trailing_slash = trailing_slash
        self.tag_header = tag_header
        self.stream_margin_ms = stream_margin_ms
        self.cors = cors
