"""`revalidate_tag` and `revalidate_path`, as routes call them."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from edgeroutes.errors import HandlerError
from edgeroutes.services import revalidation
from edgeroutes.services.cloudfront import deployed_distribution
from edgeroutes.services.revalidation import path_item, revalidate_path, revalidate_tag, use_invalidator
from tests.fakes.project import RouteProject
from tests.services.test_cloudfront import DISTRIBUTION

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


class Recorder:
    """An invalidator that records its calls, request by request."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def invalidate(self, items: Sequence[str]) -> None:
        self.asked.append([*items])


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    made = Recorder()
    end = use_invalidator(made)
    yield made
    end()


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an invalidator that another test has put in place."""
    monkeypatch.setattr(revalidation, "_invalidators", [])


ROUTE = """
    from edgeroutes import after, revalidate_path, revalidate_tag

    def PUT(id: str):
        revalidate_tag("products", f"product:{id}")
        revalidate_tag("products")
        revalidate_path("/products/7")
        return {}

    def PATCH(id: str):
        revalidate_tag("first")
        revalidate_tag("second", wait=True)
        revalidate_tag("third")
        return {}

    def POST(id: str):
        after(revalidate_tag, "later")
        revalidate_tag("sooner")
        raise RuntimeError("and then it fails")

    def DELETE(id: str):
        revalidate_path("/search?q=caf\\u00e9&page=2")
        revalidate_path("/")
        return {}
"""


def test_one_request_to_the_cdn_follows_the_response(tmp_path: Path, recorder: Recorder) -> None:
    with closing(RouteProject(tmp_path, {"products/[id]/route.py": ROUTE})) as project:
        response = project.request("PUT", "/products/7")
        assert (response.status, recorder.asked) == (200, [])
        project.finish(response)
    assert recorder.asked == [["#products", "#product:7", "#_path:/products/7"]]


def test_with_wait_all_that_is_written_down_goes_out_at_once(tmp_path: Path, recorder: Recorder) -> None:
    with closing(RouteProject(tmp_path, {"products/[id]/route.py": ROUTE})) as project:
        response = project.request("PATCH", "/products/7")
        assert recorder.asked == [["#first", "#second"]]
        project.finish(response)
    assert recorder.asked == [["#first", "#second"], ["#third"]]


def test_revalidations_before_a_failure_and_in_after_are_sent(tmp_path: Path, recorder: Recorder) -> None:
    with closing(RouteProject(tmp_path, {"products/[id]/route.py": ROUTE})) as project:
        response = project.request("POST", "/products/7")
        assert response.status == 500
        project.finish(response)
    assert recorder.asked == [["#sooner"], ["#later"]]


@pytest.mark.parametrize("needs_loop", [False, True])
def test_a_request_knows_the_projects_base_path_and_slash(
    tmp_path: Path, recorder: Recorder, *, needs_loop: bool
) -> None:
    files = {"products/[id]/route.py": ROUTE}
    with closing(
        RouteProject(tmp_path, files, needs_loop=needs_loop, base_path="/shop", trailing_slash=True)
    ) as project:
        project.finish(project.request("DELETE", "/shop/products/7/"))
    assert recorder.asked == [["/shop/search/?q=caf%C3%A9&page=2", "#_path:/"]]


def test_outside_a_request_it_is_sent_at_once(recorder: Recorder) -> None:
    revalidate_tag("a", "b")
    revalidate_path("/c")
    assert recorder.asked == [["#a", "#b"], ["#_path:/c"]]


@pytest.mark.parametrize(
    ("path", "settings", "item"),
    [
        ("/", {}, "#_path:/"),
        ("/products/7/", {"base_path": "/shop"}, "#_path:/products/7"),
        ("/Caf\u00e9", {}, "#_path:/^caf%c3%a9"),
        ("/Caf%C3%A9", {}, "#_path:/^caf%c3%a9"),
        ("/a?", {}, "/a?"),
        ("/a/?b=1", {}, "/a?b=1"),
        ("/a?b=1", {"trailing_slash": True}, "/a/?b=1"),
        ("/rss.xml?b=1", {"trailing_slash": True}, "/rss.xml?b=1"),
        ("/?b=1", {"base_path": "/shop"}, "/shop?b=1"),
        ("/?b=1", {"base_path": "/shop", "trailing_slash": True}, "/shop/?b=1"),
        ("/a%2Fb?c=d%26e f", {}, "/a%2Fb?c=d%26e%20f"),
    ],
)
def test_a_path_alone_is_a_tag_and_one_with_a_query_is_that_url(path: str, settings: dict[str, Any], item: str) -> None:
    assert path_item(path, **settings) == item


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        (
            "products",
            "'products' is not a path of this host. Allowed are paths such as '/products/7'. Write the path alone",
        ),
        ("https://a.example/b", "'https://a.example/b' is not a path of this host."),
        ("//a.example/b", "'//a.example/b' is not a path of this host."),
        ("", "'' is not a path of this host."),
        (None, "None is not a path of this host."),
        ("/blog/[slug]", "'/blog/[slug]' is a pattern, for it has '['. Allowed is one path. Give the routes that it"),
        ("/blog/*", "'/blog/*' is a pattern, for it has '*'."),
        ("/blog?a=*", "'/blog?a=*' is a pattern, for it has '*'."),
        ("/a#b", "'/a#b' has a '#' or a control character, which no path has."),
        ("/a\nb", r"'/a\nb' has a '#' or a control character, which no path has."),
    ],
)
def test_an_invalid_path_is_an_error(path: Any, problem: str, recorder: Recorder) -> None:
    with pytest.raises(HandlerError) as caught:
        revalidate_path(path)
    assert str(caught.value).startswith(f"revalidate_path(): {problem}")
    assert recorder.asked == []


@pytest.mark.parametrize("tag", ["", "a,b", "a b", "\u00e9", "x" * 257, 5])
def test_an_invalid_tag_is_an_error(tag: Any, recorder: Recorder) -> None:
    with pytest.raises(HandlerError, match=r"^revalidate_tag\(\): tag "):
        revalidate_tag("good", tag)
    assert recorder.asked == []


@pytest.mark.usefixtures("alone")
def test_without_a_distribution_the_call_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "edgeroutes.services.data_cache", raising=False)
    with pytest.raises(HandlerError) as caught:
        revalidate_tag("a")
    assert str(caught.value) == (
        "revalidation: no distribution is configured. Deploy with the template of 'edgeroutes "
        "template' and [tool.edgeroutes.cdn] enabled, or set EDGEROUTES_DISTRIBUTION_ID to the id of the distribution."
    )


@pytest.mark.usefixtures("alone")
def test_with_only_a_data_cache_tags_are_invalidated_there_and_paths_are_an_error(tmp_path: Path) -> None:
    with closing(RouteProject(tmp_path, {"products/route.py": CACHED})) as project:
        before = project.get("/products").json()["made"]
        project.finish(project.request("PUT", "/products"))
        assert project.get("/products").json()["made"] == before + 1
    with pytest.raises(HandlerError, match="no distribution is configured"):
        revalidate_path("/products")


@pytest.mark.usefixtures("alone")
def test_in_sam_local_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SAM_LOCAL", "true")
    monkeypatch.setenv("EDGEROUTES_DISTRIBUTION_PARAMETER", "/app/edgeroutes/distribution")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    revalidate_tag("a")


@mock_aws
@pytest.mark.usefixtures("alone")
def test_a_deployed_function_asks_the_distribution_of_its_parameter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "EDGEROUTES_DISTRIBUTION_PARAMETER": "/app/edgeroutes/distribution",
    }.items():
        monkeypatch.setenv(name, value)
    deployed_distribution.cache_clear()
    config: Any = DISTRIBUTION
    client = boto3.client("cloudfront")
    distribution = client.create_distribution(DistributionConfig=config)["Distribution"]["Id"]
    boto3.client("ssm").put_parameter(Name="/app/edgeroutes/distribution", Value=distribution, Type="String")
    with closing(RouteProject(tmp_path, {"products/[id]/route.py": ROUTE})) as project:
        project.finish(project.request("PUT", "/products/7"))
    (made,) = client.list_invalidations(DistributionId=distribution)["InvalidationList"]["Items"]
    batch = client.get_invalidation(DistributionId=distribution, Id=made["Id"])["Invalidation"]["InvalidationBatch"]
    assert batch["Paths"]["Items"] == ["#products", "#product:7", "#_path:/products/7"]
    deployed_distribution.cache_clear()


CACHED = """
    from edgeroutes import cached, revalidate_tag

    made = 0

    @cached(revalidate=60, tags=["products"])
    def products():
        global made
        made += 1
        return made

    def GET():
        return {"made": products()}

    def PUT():
        revalidate_tag("products")
        return {}
"""


def test_the_data_is_invalidated_before_the_cdn_is_called(tmp_path: Path) -> None:
    with closing(RouteProject(tmp_path, {"products/route.py": CACHED})) as project:
        seen: list[object] = []

        class RefetchingCdn:
            """A CDN that fetches again right after an invalidation."""

            def invalidate(self, items: Sequence[str]) -> None:
                seen.append(project.get("/products").json()["made"])

        assert [project.get("/products").json()["made"] for _ in range(2)] == [1, 1]
        end = use_invalidator(RefetchingCdn())
        project.finish(project.request("PUT", "/products"))
        end()
    assert seen == [2]


@pytest.mark.usefixtures("alone")
def test_what_cloudfront_refuses_is_a_line_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Refusing:
        def invalidate(self, items: Sequence[str]) -> None:
            raise ConnectionError(items)

    end = use_invalidator(Refusing())
    with closing(RouteProject(tmp_path, {"products/[id]/route.py": ROUTE})) as project:
        response = project.request("PUT", "/products/7")
        project.finish(response)
    end()
    line = json.loads(capsys.readouterr().out)
    assert (response.status, line["message"]) == (200, "after(): send_revalidations failed")
