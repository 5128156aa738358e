"""The snippets of the documentation that name their file are a project without problems, whose routes respond as documented."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgeroutes.testing import RouteClient

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[2] / "docs"
_SNIPPET = re.compile(r"^```python\n# (functions/\S+\.py)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(
    params=[
        "routing",
        "route-files",
        "requests-and-responses",
        "errors",
        "middleware",
        "dependencies",
        "streaming",
        "cors",
    ]
)
def page(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, RouteClient]]:
    """A page's name, and the project that its snippets make, in an app folder of its own."""
    app_dir = f"docs_{request.param.replace('-', '_')}"
    (tmp_path / "pyproject.toml").write_text(f'[tool.edgeroutes]\napp_dir = "{app_dir}"\n')
    for file, source in _SNIPPET.findall((DOCS / f"{request.param}.md").read_text(encoding="utf-8")):
        path = tmp_path / file.replace("functions", app_dir, 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    if request.param == "streaming":
        (tmp_path / app_dir / "docs" / "[...path]" / "pages" / "a").mkdir(parents=True)
        (tmp_path / app_dir / "docs" / "[...path]" / "pages" / "a" / "b.txt").write_text("a page")
    client = RouteClient(tmp_path)
    yield request.param, client
    client.close()


# For each page some requests with the status and a part of the response.
RESPONSES = {
    "dependencies": [
        ("GET", "/me", 401, '"detail":"send a token"'),
        ("GET", "/orders", 200, '{"one":1}'),
    ],
    "routing": [
        ("GET", "/users/7", 200, '{"id":7}'),
        ("GET", "/users/ada", 404, ""),
        ("GET", "/items/a%20b", 200, '{"item":"a b"}'),
        ("GET", "/shop", 200, '{"shelves":[]}'),
        ("GET", "/shop/a%2Fb", 200, '{"shelves":["a/b"]}'),
        ("GET", "/shop/%FF", 400, ""),
        ("GET", "/shop/", 308, ""),
    ],
    "route-files": [
        ("GET", "/catalog/1?limit=5&tag=a", 200, '{"id":1,"limit":5,"tags":["a"],"client":"web"}'),
        ("GET", "/catalog/1?limit=0", 400, '"must be >= 1"'),
        ("GET", "/catalog/0", 404, ""),
        ("GET", "/hello?name=Ada", 200, "Hello, Ada"),
        ("POST", "/echo", 200, '{"method":"POST"}'),
        ("GET", "/search?q=pen&tag=ink&tag=blue", 200, '"tags":["ink","blue"]'),
        (
            "GET",
            "/search?page=two&order=up",
            400,
            (
                '"errors":[{"field":"q","message":"is required"},{"field":"page","message":"must be an integer"},'
                '{"field":"order","message":"must be one of asc, desc"}]'
            ),
        ),
        ("GET", "/products/1", 200, '{"id":1}'),
        ("GET", "/docs/guides/routing", 200, "guides/routing"),
        ("GET", "/docs/other", 404, ""),
        ("GET", "/legacy", 200, "The legacy application"),
    ],
    "requests-and-responses": [
        ("GET", "/users/1", 200, '{"id":1,"name":"Ada"}'),
        ("PUT", "/users/1", 201, '{"id":1,"name":"Ada"}'),
        ("POST", "/posts", 400, "the request body is not valid JSON"),
        ("POST", "/shapes", 400, "the request body is not valid JSON"),
        ("GET", "/theme", 200, '{"theme":"light","language":"en"}'),
        ("PUT", "/theme?theme=dark", 200, '{"theme":"dark"}'),
        ("DELETE", "/theme", 204, ""),
        ("GET", "/events", 200, 'event: tick\nid: 1\ndata: {"number":1}\n\n'),
        ("POST", "/orders", 202, ""),
        ("POST", "/upload", 415, ""),
    ],
    "errors": [
        ("GET", "/users/1", 200, '{"name":"Ada"}'),
        ("GET", "/users/2", 404, ""),
        ("POST", "/users/1", 303, ""),
        ("POST", "/users/2", 429, "five requests a minute are allowed"),
    ],
    "streaming": [
        ("GET", "/numbers?count=2", 200, "0\n1\n"),
        ("GET", "/ticks", 200, 'event: tick\nid: 1\ndata: {"number":1}\n\n'),
        ("GET", "/reports/none.csv", 404, ""),
        ("GET", "/docs/a/b.txt", 200, "a page"),
        ("GET", "/docs/..%2Froute.py", 404, ""),
    ],
    "middleware": [
        ("GET", "/api/admin/users", 401, "send a token"),
        ("GET", "/shop/cart", 200, "empty"),
        ("GET", "/reports", 200, "a report a report "),
    ],
    "cors": [
        ("GET", "/api/products", 200, "Notebook"),
        ("PUT", "/api/products", 200, "Fountain pen"),
    ],
}


def test_the_snippets_respond_as_the_page_says(page: tuple[str, RouteClient]) -> None:
    name, client = page
    assert client.project.scan.problems == ()
    for method, url, status, text in RESPONSES[name]:
        response = client.request(method, url)
        assert (response.status_code, text in response.text) == (status, True), (method, url, response.text)


def test_every_route_of_the_snippets_is_called(page: tuple[str, RouteClient]) -> None:
    name, client = page
    asked = {url.partition("?")[0].split("/")[1] for _, url, _, _ in RESPONSES[name]}
    assert asked == {route.route_path.split("/")[1] for route in client.project.scan.routes}
