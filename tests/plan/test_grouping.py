from __future__ import annotations

from tests.plan.projects import HANDLER, STREAM, functions, plan, problems


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
        "/files/[name] stands beside /files/[...path], and API Gateway allows one variable per level"
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
