from __future__ import annotations

import pytest

from edgeroutes.runtime.manifest import Manifest, ManifestRoute


@pytest.mark.parametrize(
    ("route_path", "parameters"),
    [
        ("/", {}),
        ("/users", {}),
        ("/users/[id]", {"id": str}),
        ("/[a]/x/[my-id]/[...rest]", {"a": str, "my-id": str, "rest": list}),
        ("/shop/[[...rest]]", {"rest": list}),
    ],
)
def test_a_route_knows_what_its_path_captures(route_path: str, parameters: dict[str, type]) -> None:
    assert ManifestRoute(route_path, "functions/route.py").parameters() == parameters


def test_a_route_needs_a_loop_unless_it_is_known_not_to() -> None:
    route = ManifestRoute("/x", "functions/x/route.py", middleware_files=["functions/middleware.py"])

    assert (route.needs_loop, route.middleware_files) == (True, ("functions/middleware.py",))
    assert repr(route) == "ManifestRoute('/x', 'functions/x/route.py')"


@pytest.mark.parametrize(
    ("route_path", "path", "own"),
    [
        ("/legacy/[[...rest]]", "/legacy/a/b", "/legacy"),
        ("/legacy/[[...rest]]", "/legacy", "/legacy"),
        ("/[tenant]/app/[...rest]", "/acme/app/x/y", "/acme/app"),
        ("/users/[id]", "/users/7", "/users/7"),
        ("/[[...rest]]", "/a/b", ""),
        ("/", "/", ""),
    ],
)
def test_a_routes_own_path_is_without_what_its_catch_all_takes(route_path: str, path: str, own: str) -> None:
    assert ManifestRoute(route_path, "functions/route.py").own_path(path) == own


@pytest.mark.parametrize(("given", "kept"), [("", ""), ("/api", "/api"), ("/api/", "/api"), ("/", "")])
def test_a_base_path_has_no_slash_at_its_end(given: str, kept: str) -> None:
    manifest = Manifest([ManifestRoute("/", "functions/route.py")], base_path=given)

    assert (manifest.base_path, manifest.trailing_slash, manifest.tag_header) == (kept, False, "x-cache-tag")
