from __future__ import annotations

import pytest

from edgeroutes.http.cors import CORS
from edgeroutes.template.cors import gateway_fields
from tests.plan.projects import HANDLER, functions, plan, problems

CALLING = "async def middleware(request, call_next):\n    return await call_next(request)\n"
APP, OTHER = "https://app.example", "https://other.example"


def said(name: str) -> str:
    return f"from edgeroutes import CORS\ncors = CORS('https://{name}.example')\n"


def test_the_nearest_wins_as_a_whole() -> None:
    made = functions(
        {
            "route.py": "",
            "a/middleware.py": said("middleware") + CALLING,
            "a/route.py": "",
            "a/b/function.yaml": "cors: {origins: https://yaml.example, credentials: true}\n",
            "a/b/route.py": "",
            "a/b/c/route.py": said("route") + HANDLER,
            "a/b/off/route.py": f"cors = False\n{HANDLER}",
            "a/b/closed/middleware.py": f"cors = False\n{CALLING}",
            "a/b/closed/route.py": "",
        },
        cors={"origins": "https://project.example", "max_age": 5},
    )
    methods = ("GET", "HEAD")
    assert {path: cors for function in made.values() for path, cors in function.cors.items()} == {
        "/": CORS("https://project.example", max_age=5, methods=methods),
        "/a": CORS("https://middleware.example", methods=methods),
        "/a/b": CORS("https://yaml.example", credentials=True, methods=methods),
        "/a/b/c": CORS("https://route.example", methods=methods),
    }


@pytest.mark.parametrize(
    ("source", "methods"),
    [
        ("def GET(): ...\n", ("GET", "HEAD")),
        ("def HEAD(): ...\ndef POST(): ...\n", ("HEAD", "POST")),
        ("def OPTIONS(): ...\n", ("OPTIONS",)),
        ("from x import app\n", ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")),
    ],
)
def test_a_route_allows_what_it_exports(source: str, methods: tuple[str, ...]) -> None:
    (function,) = functions({"[[...x]]/route.py": source}, cors={"origins": "*"}).values()
    assert function.cors["/[[...x]]"].methods == methods


def test_a_folder_says_it_once() -> None:
    files = {
        "a/middleware.py": said("one") + CALLING,
        "a/function.yaml": "cors: {origins: '*'}\n",
        "a/route.py": "",
    }
    assert problems(files) == [
        "functions/a/function.yaml: cors is declared here and in functions/a/middleware.py. Remove one of them."
    ]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (
            "from edgeroutes import CORS\ncors = CORS('*', credentials=True)\n",
            "functions/a/route.py:2: cors: credentials is True and origins is '*', which browsers reject. List the origins.",
        ),
        (
            "from edgeroutes import CORS\ncors = CORS(origin='*')\n",
            "functions/a/route.py:2: cors: CORS() got an unexpected keyword argument 'origin'.",
        ),
        (
            "from edgeroutes import CORS\ncors = CORS()\n",
            "functions/a/route.py:2: cors: CORS() missing 1 required positional argument: 'origins'.",
        ),
        (
            "import os\nfrom edgeroutes import CORS\ncors = CORS(os.environ['ORIGINS'])\n",
            (
                "functions/a/route.py:3: cors is CORS(os.environ['ORIGINS']). It must be readable without running the file. "
                "Write a literal, or call one of edgeroutes' own value classes with literals."
            ),
        ),
        ("cors = None\n", "functions/a/route.py:1: cors is None. Allowed: CORS(…) of edgeroutes, and False for none."),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_built(source: str, problem: str) -> None:
    assert problems({"a/route.py": source + HANDLER}) == [problem]
    assert problems({"a/middleware.py": source + CALLING, "a/route.py": ""}) == [
        problem.replace("route.py", "middleware.py")
    ]


def test_every_policy_is_listed_once_the_projects_first() -> None:
    made = plan({"a/route.py": said("a") + HANDLER, "b/route.py": said("a") + HANDLER}, cors={"origins": "*"})
    assert made.cors_policies == (CORS("*"), CORS("https://a.example", methods=["GET", "HEAD"]))
    assert plan({"a/route.py": ""}).cors_policies == ()


@pytest.mark.parametrize(
    ("default", "routes", "fields"),
    [
        (None, [], {}),
        (None, [CORS(APP), CORS(APP, credentials=True)], {"Origin": APP, "Credentials": "true"}),
        (None, [CORS(APP), CORS(OTHER)], {}),
        (None, [CORS(APP), CORS([APP, OTHER])], {}),
        (CORS(APP), [CORS(OTHER, credentials=True)], {"Origin": APP}),
        (CORS([APP, OTHER]), [CORS(OTHER)], {}),
        (CORS("*"), [CORS(OTHER, credentials=True)], {"Origin": "*"}),
    ],
)
def test_the_gateway_says_one_thing_or_nothing(
    default: CORS | None, routes: list[CORS], fields: dict[str, str]
) -> None:
    assert gateway_fields(default, routes) == [
        (f"Access-Control-Allow-{name}", value) for name, value in fields.items()
    ]
