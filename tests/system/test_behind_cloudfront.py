"""A function's process under the real awslambdaric, as the template sets it up behind CloudFront."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.testing.runtime_api import RuntimeApi
from tests.fakes.cloudfront import CloudFrontApi

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "s" * 48
ENTRY = """
import os
from edgeroutes.adapters.proxy import LambdaHandler
from edgeroutes.runtime.manifest import Manifest, ManifestRoute

route = ManifestRoute("/products", "functions/products/route.py", needs_loop=False)
handler = LambdaHandler(Manifest([route]), os.path.dirname(os.path.abspath(__file__)))
"""
ROUTE = """
from edgeroutes import Request, revalidate_tag

def PUT(request: Request):
    revalidate_tag("products", "all")
    return {"url": str(request.url), "client": request.client.host}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "functions" / "products").mkdir(parents=True)
    (tmp_path / "functions" / "products" / "route.py").write_text(ROUTE)
    (tmp_path / "entry.py").write_text(ENTRY)
    return tmp_path


@pytest.fixture
def runtime() -> Iterator[RuntimeApi]:
    api = RuntimeApi()
    yield api
    api.close()


@pytest.fixture
def cloudfront() -> Iterator[CloudFrontApi]:
    api = CloudFrontApi()
    yield api
    api.close()


def start(root: Path, runtime: RuntimeApi, **variables: str) -> subprocess.Popen[str]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "PYTHONPATH": str(root),
        "AWS_LAMBDA_RUNTIME_API": runtime.address,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "eu-west-1",
        **variables,
    }
    command = [sys.executable, "-m", "awslambdaric", "entry.handler"]
    return subprocess.Popen(
        command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def event(**headers: str) -> dict[str, Any]:
    return {
        "httpMethod": "PUT",
        "path": "/products",
        "headers": {"Host": "abc.execute-api.eu-west-1.amazonaws.com", **headers},
        "requestContext": {"identity": {"sourceIp": "203.0.113.7"}},
        "body": None,
        "isBase64Encoded": False,
    }


VIEWER = {"x-forwarded-host": "www.example.com", "x-edgeroutes-client": "198.51.100.9"}


def test_requests_past_cloudfront_are_refused_and_those_through_it_may_invalidate(
    root: Path, runtime: RuntimeApi, cloudfront: CloudFrontApi
) -> None:
    with start(
        root,
        runtime,
        EDGEROUTES_ORIGIN_SECRET=f"{SECRET} none",
        EDGEROUTES_DISTRIBUTION_ID="E1",
        AWS_ENDPOINT_URL_CLOUDFRONT=cloudfront.url,
    ) as function:
        refused = runtime.invoke(event(**VIEWER))
        responded = runtime.invoke(event(**{"x-edgeroutes-origin": SECRET}, **VIEWER))
        runtime.wait_for_calls(["next", "response", "next", "response", "next"])
        function.kill()
        said = function.stdout.read() if function.stdout else ""
    assert not said, said
    assert (refused["statusCode"], responded["statusCode"]) == (403, 200)
    assert json.loads(responded["body"]) == {"url": "https://www.example.com/products", "client": "198.51.100.9"}
    assert (cloudfront.paths, cloudfront.items) == (
        ["/2020-05-31/distribution/E1/invalidation"],
        [["#products", "#all"]],
    )


def test_a_reference_that_was_not_resolved_ends_the_init_phase_with_a_message(root: Path, runtime: RuntimeApi) -> None:
    with start(
        root, runtime, EDGEROUTES_ORIGIN_SECRET="{{resolve:secretsmanager:a:SecretString:current::}}"
    ) as function:
        said = runtime.results.get(timeout=20)
        function.kill()
    assert said["errorType"] == "ConfigError"
    assert said["errorMessage"].startswith(
        "the variable EDGEROUTES_ORIGIN_SECRET: it contains a reference that CloudFormation has not resolved."
    )
