from __future__ import annotations

import itertools
import random

import pytest

from edgeroutes.config import Config
from edgeroutes.errors import LayoutError
from edgeroutes.plan import api_tree
from edgeroutes.plan.api_tree import make_resources
from edgeroutes.plan.project import make_plan
from edgeroutes.routing.layout import PlacedRoute, check_layout
from edgeroutes.routing.patterns import Pattern, parse_pattern
from edgeroutes.routing.scan import scan
from edgeroutes.routing.table import RouteTable
from tests.fakes.file_tree import FakeFileTree
from tests.fakes.rest_api import FakeRestApi
from tests.plan.projects import HANDLER, STREAM, functions, plan, problems

PARTS = ["a", "b", "[x]"]
ENDS = ["", "[...r]", "[[...r]]"]
ALPHABET = ["a", "b", "z"]
PATHS = ["/" + "/".join(parts) for depth in range(5) for parts in itertools.product(ALPHABET, repeat=depth)]


def resources_of(*route_paths: str, shared: tuple[tuple[str, ...], ...] = (), base_path: str = "") -> list[str]:
    patterns = [parse_pattern(path) for path in route_paths]
    functions = {path: next((group[0] for group in shared if path in group), path) for path in route_paths}
    ids = frozenset(group[0] for group in shared)
    found, count = make_resources(patterns, functions, shared=ids, fallback="none", base_path=base_path)
    assert count == FakeRestApi((each.path, each.logical_id) for each in found).count()
    return [f"{each.path} {each.logical_id}" for each in found]


def every_pattern() -> list[str]:
    """All patterns of up to three levels; parameters are called by their level."""
    found = []
    for depth in range(4):
        for parts in itertools.product(PARTS, repeat=depth):
            named = [f"[x{level}]" if part == "[x]" else part for level, part in enumerate(parts)]
            found += ["/" + "/".join([*named, end] if end else named) for end in ENDS]
    return found


PATTERNS = every_pattern()


def some_layout(chance: random.Random) -> list[Pattern]:
    """Routes that a scan would not refuse."""
    kept: list[Pattern] = []
    for text in chance.sample(PATTERNS, chance.randint(1, 7)):
        patterns = [*kept, parse_pattern(text)]
        places = [
            PlacedRoute(
                pattern=pattern, source_file=f"f{pattern.route_path}/route.py", folders=("f",) * len(pattern.segments)
            )
            for pattern in patterns
        ]
        if not check_layout(places):
            kept = patterns
    return sorted(kept)


@pytest.mark.parametrize("seed", range(40))
def test_every_path_reaches_a_function_that_holds_the_route_our_matcher_chooses(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(15):
        patterns = some_layout(chance)
        # Functions of every kind: a route alone, and groups thrown together.
        functions = {pattern.route_path: f"F{chance.randint(0, 2 * len(patterns))}" for pattern in patterns}
        held = {name: [path for path, holder in functions.items() if holder == name] for name in functions.values()}
        shared = frozenset(name for name, paths in held.items() if len(paths) > 1)
        base_path = chance.choice(["", "/base", "/a/b"])
        resources, count = make_resources(patterns, functions, shared=shared, fallback="fallback", base_path=base_path)
        api = FakeRestApi((each.path, each.logical_id) for each in resources)
        assert api.count() == count
        table = RouteTable((pattern.route_path, None) for pattern in patterns)
        for path in PATHS:
            match = table.match(path)
            for turns_back in (False, True):
                name = api.find(base_path + path, turns_back=turns_back)
                if match is not None:
                    assert name is not None, (path, patterns)
                    assert match.route_path in held.get(name, ()), (path, name, patterns, resources)


@pytest.mark.parametrize("seed", range(10))
def test_a_planned_project_matches_like_the_matcher(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(10):
        patterns = some_layout(chance)
        handler = "def GET():\n    return {}\n"
        streaming = "streaming = True\n" + handler
        files = {
            f"functions{pattern.route_path.rstrip('/')}/route.py": chance.choice([handler, handler, streaming])
            for pattern in patterns
        }
        plan = make_plan(Config(), scan(FakeFileTree(files)))
        api = FakeRestApi((each.path, each.logical_id) for each in plan.api_resources)
        holders = {route.route_path: each.logical_id for each in plan.functions for route in each.routes}
        table = RouteTable((pattern.route_path, None) for pattern in patterns)
        for path in PATHS:
            match = table.match(path)
            if match is not None:
                assert api.find(path, turns_back=False) == holders[match.route_path], (path, files)
                assert api.find(path, turns_back=True) == holders[match.route_path], (path, files)


def test_a_path_without_a_route_goes_to_the_fallback() -> None:
    api = FakeRestApi(tuple(line.split()) for line in resources_of("/users/[id]"))
    assert [api.find(path, turns_back=True) for path in ("/", "/x", "/x/y", "/users", "/users/1/2")] == ["none"] * 5


def test_plain_routes_are_plain_resources() -> None:
    assert resources_of("/", "/api/users", "/api/users/[id]", "/rss.xml") == [
        "/ /",
        "/api/users /api/users",
        "/api/users/{id} /api/users/[id]",
        "/rss.xml /rss.xml",
        "/{proxy+} none",
    ]


def test_an_optional_catch_all_is_two_resources() -> None:
    assert resources_of("/shop/[[...slug]]") == [
        "/ none",
        "/shop /shop/[[...slug]]",
        "/shop/{slug+} /shop/[[...slug]]",
        "/{proxy+} none",
    ]


def test_what_a_static_branch_leaves_unanswered_is_repeated_below_it() -> None:
    assert resources_of("/users/me", "/users/[id]/posts", "/docs/intro", "/docs/[...slug]") == [
        "/ none",
        "/docs/intro /docs/intro",
        "/docs/intro/{slug+} /docs/[...slug]",
        "/docs/{slug+} /docs/[...slug]",
        "/users/me /users/me",
        "/users/me/posts /users/[id]/posts",
        "/users/{id}/posts /users/[id]/posts",
        "/{proxy+} none",
    ]


def test_a_variable_beside_a_catch_all_in_two_functions_is_two_levels() -> None:
    assert resources_of("/[id]", "/[...rest]") == [
        "/ none",
        "/{id} /[id]",
        "/{id}/{rest+} /[...rest]",
    ]


def test_a_variable_beside_a_catch_all_in_one_function_is_one_resource() -> None:
    assert resources_of("/x/[id]", "/x/[...rest]", shared=(("/x/[id]", "/x/[...rest]"),)) == [
        "/ none",
        "/x/{rest+} /x/[id]",
        "/{proxy+} none",
    ]


def test_a_group_below_one_folder_is_one_resource() -> None:
    group = ("/admin/a", "/admin/b/c", "/admin")
    assert resources_of(*group, "/admin/own", "/other", shared=(group,)) == [
        "/ none",
        "/admin /admin/a",
        "/admin/own /admin/own",
        "/admin/{proxy+} /admin/a",
        "/other /other",
        "/{proxy+} none",
    ]


def test_a_project_in_one_function_is_two_resources() -> None:
    group = ("/", "/a", "/b/[id]", "/b/[id]/c")
    assert resources_of(*group, shared=(group,)) == ["/ /", "/{proxy+} /"]


def test_a_root_variable_leaves_the_fallback_one_level_further() -> None:
    assert resources_of("/[lang]", "/[lang]/about") == [
        "/ none",
        "/{lang} /[lang]",
        "/{lang}/about /[lang]/about",
        "/{lang}/{proxy+} none",
    ]


def test_all_routes_stand_below_the_base_path() -> None:
    assert resources_of("/users", base_path="/v1/api") == [
        "/ none",
        "/v1 none",
        "/v1/api none",
        "/v1/api/users /users",
        "/v1/api/{proxy+} none",
        "/v1/{proxy+} none",
        "/{proxy+} none",
    ]


def test_parameters_are_identifiers_and_differ_on_one_path() -> None:
    assert resources_of("/[user-id]/[größe]/[2nd]", "/a/[user_id]/b") == [
        "/ none",
        "/a/{user_id}/b /a/[user_id]/b",
        "/a/{user_id}/{p2nd} /[user-id]/[größe]/[2nd]",
        "/{user_id} none",
        "/{user_id}/{gr__e} none",
        "/{user_id}/{gr__e}/{p2nd} /[user-id]/[größe]/[2nd]",
        "/{user_id}/{gr__e}/{p2nd}/{proxy+} none",
    ]
    lines = resources_of("/[my-id]/[...my_id2]", "/x/[my-id]")
    assert all(part.strip("{}+").isidentifier() for line in lines for part in line.split()[0].split("/") if "{" in part)


def test_repeats_that_multiply_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_tree, "_MAX_RESOURCES", 100)
    levels = range(8)
    paths = ["/" + "/".join("s" if level == own else f"[p{level}]" for level in levels) for own in levels]
    with pytest.raises(LayoutError, match="more than 100 resources in API Gateway"):
        resources_of(*paths)


def routes(files: dict[str, str], **settings: object) -> dict[str, list[str]]:
    return {
        name: [route.route_path for route in function.routes] for name, function in functions(files, **settings).items()
    }


def isolated(name: str, text: str = HANDLER) -> str:
    return f'isolate = "{name}"\n{text}'


def test_a_route_is_a_function() -> None:
    assert routes({"a/route.py": "", "a/[id]/route.py": ""}) == {"AFunction": ["/a"], "AIdFunction": ["/a/[id]"]}


def test_routes_of_one_isolate_share_a_function() -> None:
    files = {"a/route.py": isolated("x"), "b/[id]/route.py": isolated("x"), "c/route.py": isolated("route")}
    assert routes(files) == {"XGroupFunction": ["/a", "/b/[id]"], "CFunction": ["/c"]}
    assert functions(files)["XGroupFunction"].reason == "isolate = 'x'"


def test_the_projects_isolate_is_the_default() -> None:
    files = {"a/route.py": "", "b/route.py": "", "c/route.py": isolated("route")}
    assert routes(files, isolate="all") == {"AllGroupFunction": ["/a", "/b"], "CFunction": ["/c"]}


def test_a_folder_sets_isolate_for_its_routes_and_the_nearest_wins() -> None:
    files = {
        "function.yaml": "isolate: all\n",
        "a/route.py": "",
        "b/function.yaml": "isolate: shop\n",
        "b/[id]/route.py": "",
        "b/c/function.yaml": "MemorySize: 512\n",
        "b/c/route.py": "",
        "b/d/function.yaml": "isolate: route\n",
        "b/d/route.py": "",
        "b/d/own/route.py": isolated("all"),
    }
    assert routes(files, isolate="project") == {
        "AllGroupFunction": ["/a", "/b/d/own"],
        "ShopGroupFunction": ["/b/c", "/b/[id]"],
        "BDFunction": ["/b/d"],
    }


def test_a_variable_beside_a_catch_all_shares_its_function() -> None:
    files = {"files/[name]/route.py": "", "files/[...path]/route.py": "", "files/route.py": ""}
    found = functions(files)
    assert routes(files) == {
        "FilesFunction": ["/files"],
        "FilesNameFunction": ["/files/[name]", "/files/[...path]"],
    }
    assert found["FilesFunction"].reason == ""
    assert found["FilesNameFunction"].reason == (
        "/files/[name] stands beside /files/[...path], and API Gateway has one variable on a level"
    )


def test_where_one_of_the_two_streams_they_stay_apart() -> None:
    files = {"files/[name]/route.py": "", "files/[[...path]]/route.py": STREAM}
    assert routes(files) == {"FilesNameFunction": ["/files/[name]"], "FilesPathFunction": ["/files/[[...path]]"]}
    paths = {each.path: each.logical_id for each in plan(files).api_resources}
    assert paths == {
        "/": "FallbackFunction",
        "/files": "FilesPathFunction",
        "/files/{name}": "FilesNameFunction",
        "/files/{name}/{path+}": "FilesPathFunction",
        "/{proxy+}": "FallbackFunction",
    }


def test_where_one_of_the_two_is_in_a_named_group_they_stay_apart() -> None:
    files = {"[name]/route.py": "", "[...path]/route.py": isolated("x"), "y/route.py": isolated("x")}
    assert routes(files) == {"XGroupFunction": ["/y", "/[...path]"], "NameFunction": ["/[name]"]}


def test_a_static_branch_that_ends_in_nothing_needs_no_common_function() -> None:
    files = {"users/me/route.py": "", "users/[id]/posts/route.py": ""}
    assert routes(files) == {"UsersMeFunction": ["/users/me"], "UsersIdPostsFunction": ["/users/[id]/posts"]}


def test_many_routes_below_a_variable_with_static_siblings_share_a_function() -> None:
    files = {f"[lang]/page{number}/route.py": "" for number in range(26)} | {"api/route.py": "", "[lang]/route.py": ""}
    found = functions(files)
    assert {len(function.routes) for function in found.values()} == {1, 26}
    shared = next(function for function in found.values() if len(function.routes) == 26)
    assert shared.reason == "26 routes stand below one '[lang]' that has static folders beside it"
    paths = [each.path for each in plan(files).api_resources]
    assert paths == ["/", "/api", "/api/{proxy+}", "/{lang}", "/{lang}/{proxy+}"]


def test_a_group_with_streaming_and_buffered_routes_is_refused() -> None:
    files = {"a/route.py": isolated("x"), "b/route.py": isolated("x", STREAM)}
    assert problems(files) == [
        (
            "functions/b/route.py: group 'x' contains streaming routes (functions/b/route.py) and buffered ones "
            "(functions/a/route.py). A function is one or the other. Export another 'isolate' in one of the two kinds, such as "
            "'isolate = \"route\"', or the same 'streaming' in both."
        )
    ]


def test_a_group_unites_what_its_routes_say() -> None:
    files = {
        "a/route.py": isolated("x", "max_duration = 20\n" + HANDLER),
        "a/function.yaml": "MemorySize: 256\nPolicies: [P]\nEnvironment: {Variables: {A1: 1}}\ninclude: [i]\n",
        "b/route.py": isolated("x", "max_duration = 10\n" + HANDLER),
        "b/function.yaml": "MemorySize: 512\nPolicies: [Q]\nEnvironment: {Variables: {B1: 1}}\nexclude: [e, i]\n",
    }
    function = functions(files)["XGroupFunction"]
    assert function.properties == {
        "Environment": {"Variables": {"A1": 1, "B1": 1}},
        "MemorySize": 512,
        "Policies": ["P", "Q"],
        "Timeout": 20,
    }
    assert (function.include, function.exclude) == (("i",), ("e",))


def test_a_group_whose_routes_disagree_is_refused_with_both_places() -> None:
    files = {
        "a/route.py": isolated("x"),
        "a/function.yaml": "Layers: [one]\nEnvironment: {Variables: {A1: 1}}\n",
        "b/route.py": isolated("x"),
        "b/function.yaml": "Environment: {Variables: {A1: 2}}\nLayers: [two]\n",
    }
    said = problems(files)
    assert said[0].startswith(
        "functions/b/function.yaml:1: Environment is {'Variables': {'A1': 1}} by functions/a/function.yaml:2 and "
        "{'Variables': {'A1': 2}} by functions/b/function.yaml:1, and both are for one function (/a and /b: isolate"
    )
    assert said[1].startswith(
        "functions/b/function.yaml:2: Layers is ['one'] by functions/a/function.yaml:1 and ['two']"
    )
