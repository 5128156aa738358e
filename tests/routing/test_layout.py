"""Files and folders that look like a convention and are none."""

from __future__ import annotations

import pytest

from edgeroutes.routing.scan import scan
from tests.fakes.file_tree import FakeFileTree

ROUTE = "def GET():\n    return ''\n"
MIDDLEWARE = "async def middleware(request, call_next):\n    return await call_next(request)\n"


def warned(files: dict[str, str]) -> list[str]:
    return [str(each) for each in scan(FakeFileTree({"functions/hello/route.py": ROUTE, **files})).warnings]


@pytest.mark.parametrize(
    ("file", "text", "right"),
    [
        ("functions/a/routes.py", ROUTE, "route.py"),
        ("functions/a/index.py", ROUTE.replace("def", "async def"), "route.py"),
        ("functions/a/page.py", "app = FastAPI()\n", "route.py"),
        ("functions/a/handler.py", "def get():\n    return ''\n", "route.py"),
        ("functions/a/Route.py", "", "route.py"),
        ("functions/a/route.ts", "", "route.py"),
        ("functions/proxy.py", MIDDLEWARE.replace("def middleware", "def proxy"), "middleware.py"),
        ("functions/a/Middleware.py", "", "middleware.py"),
        ("functions/middlewares.py", MIDDLEWARE, "middleware.py"),
        ("functions/a/function.yml", "", "function.yaml"),
        ("functions/a/Function.yaml", "", "function.yaml"),
    ],
)
def test_a_file_that_is_meant_to_be_a_convention_is_warned_of_with_its_name(file: str, text: str, right: str) -> None:
    name = file.rpartition("/")[2]
    assert warned({file: text}) == [f"{file}: edgeroutes does not read a file named {name!r}. Rename it to {right!r}."]


@pytest.mark.parametrize("name", ["middleware.py", "proxy.py"])
def test_a_middleware_beside_the_routes_is_warned_of(name: str) -> None:
    text = MIDDLEWARE.replace("def middleware", f"def {name[:-3]}")
    assert warned({name: text}) == [
        f"{name}: a middleware beside functions/ wraps no route. Move it to functions/middleware.py."
    ]


@pytest.mark.parametrize(
    "files",
    [
        {"middleware.py": "import logging\n"},
        {"functions/hello/page.py": ROUTE},
        {"functions/a/index.py": "def render():\n    return ''\n"},
        {"functions/proxy.py": "URL = 'http://proxy'\n"},
        {"functions/_lib/routes.py": ROUTE},
        {"functions/hello/README.md": ""},
    ],
    ids=[
        "no middleware",
        "beside a route",
        "no handler",
        "no middleware of a proxy",
        "a private folder",
        "another file",
    ],
)
def test_an_authors_own_modules_are_left_alone(files: dict[str, str]) -> None:
    assert warned(files) == []


def test_a_parameter_as_others_write_it_is_a_text_and_warned_of() -> None:
    assert warned({"functions/blog/:id/route.py": ROUTE}) == [
        "functions/blog/:id: the segment ':id' is a text in the URL, not a parameter. Name the folder '[id]'."
    ]
