"""The check that a request came through the distribution, on every kind of event."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.adapters.origin import OriginGuard, origin_guard
from edgeroutes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgeroutes.adapters.proxy import LambdaHandler
    from tests.adapters.conftest import RouteProject

CURRENT, PREVIOUS = "c" * 48, "p" * 48
SECRETS = f"{CURRENT} {PREVIOUS}"
ON_LAMBDA = {"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001", "EDGEROUTES_ORIGIN_SECRET": SECRETS}
ECHO = """
    def GET(request):
        client = request.client.host if request.client else None
        return {"url": str(request.url), "client": client, "headers": dict(request.headers)}
"""
VIEWER = {"x-forwarded-host": "www.example.com", "x-edgeroutes-client": "198.51.100.9"}
API_HOST = "abc.execute-api.eu-west-1.amazonaws.com"


def rest(headers: dict[str, str]) -> dict[str, Any]:
    sent = {"Host": API_HOST, "X-Forwarded-Proto": "https", **headers}
    return {
        "resource": "/",
        "httpMethod": "GET",
        "path": "/",
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "requestContext": {"identity": {"sourceIp": "203.0.113.7"}},
    }


def rest_as_emulators_write_it(headers: dict[str, str]) -> dict[str, Any]:
    return {**rest(headers), "headers": None}


def http(headers: dict[str, str]) -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": "/",
        "rawQueryString": "",
        "headers": {"host": API_HOST, **headers},
        "requestContext": {"http": {"method": "GET", "path": "/", "sourceIp": "203.0.113.7"}, "stage": "$default"},
    }


def load_balancer(headers: dict[str, str]) -> dict[str, Any]:
    return {
        "httpMethod": "GET",
        "path": "/",
        "queryStringParameters": {},
        "headers": {"host": "lb.example", "x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "https", **headers},
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/a/b"}},
        "body": "",
        "isBase64Encoded": False,
    }


KINDS = pytest.mark.parametrize("event_of", [rest, rest_as_emulators_write_it, http, load_balancer])


@pytest.fixture
def handler(project: RouteProject, monkeypatch: pytest.MonkeyPatch) -> LambdaHandler:
    project.write("route.py", ECHO)
    for name, value in ON_LAMBDA.items():
        monkeypatch.setenv(name, value)
    return project.handler()


@KINDS
@pytest.mark.parametrize("secret", [CURRENT, PREVIOUS])
@pytest.mark.parametrize("spelling", ["x-edgeroutes-origin", "X-Edgeroutes-Origin"])
def test_with_a_secret_the_viewers_host_and_address_are_believed_and_the_secret_is_gone(
    handler: LambdaHandler, event_of: Callable[..., dict[str, Any]], secret: str, spelling: str
) -> None:
    event = event_of({spelling: secret, **VIEWER})
    result = handler(event)
    assert result["statusCode"] == 200
    seen = json.loads(result["body"])
    assert (seen["url"], seen["client"]) == ("https://www.example.com/", "198.51.100.9")
    assert seen["headers"]["x-forwarded-host"] == "www.example.com"
    assert not {"x-edgeroutes-origin", "x-edgeroutes-client"} & seen["headers"].keys()
    assert secret not in json.dumps(event)


@KINDS
@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"x-edgeroutes-origin": ""},
        {"x-edgeroutes-origin": CURRENT[:-1]},
        {"x-edgeroutes-origin": f"{CURRENT} "},
        {"x-edgeroutes-origin": SECRETS},
        {"x-edgeroutes-origin": "none"},
        {"x-edgeroutes-origin": "ü" * 48},
    ],
)
def test_without_one_the_response_is_403_for_every_path(
    handler: LambdaHandler, event_of: Callable[..., dict[str, Any]], sent: dict[str, str]
) -> None:
    result = handler(event_of({**VIEWER, **sent}))
    headers = {name: value[0] if isinstance(value, list) else value for name, value in _headers(result).items()}
    assert (result["statusCode"], headers) == (
        403,
        {"content-type": "application/problem+json", "cache-control": "private, no-store"},
    )
    document = json.loads(result["body"])
    assert (document["title"], document["detail"]) == (
        "Forbidden",
        "direct access is forbidden; use the CloudFront domain",
    )


def _headers(result: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = result.get("multiValueHeaders") or result["headers"]
    return found


def test_unknown_paths_are_refused_too(handler: LambdaHandler) -> None:
    for path in ("/none", "/%", "//"):
        assert handler({**rest({}), "path": path})["statusCode"] == 403


def test_a_redirect_names_the_requested_host(project: RouteProject, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("route.py", "def GET(request):\n    return {'location': request.url.origin}\n")
    for name, value in ON_LAMBDA.items():
        monkeypatch.setenv(name, value)
    result = project.handler()(rest({"x-edgeroutes-origin": CURRENT, **VIEWER}))
    assert json.loads(result["body"]) == {"location": "https://www.example.com"}


@KINDS
def test_where_no_secret_is_set_nobody_is_believed(
    project: RouteProject, event_of: Callable[..., dict[str, Any]]
) -> None:
    project.write("route.py", ECHO)
    result = project.handler()(event_of(VIEWER))
    seen = json.loads(result["body"])
    assert "www.example.com" not in seen["url"]
    assert seen["client"] == "203.0.113.7"


def test_what_comes_without_a_host_or_an_address_keeps_the_gateways(handler: LambdaHandler) -> None:
    seen = json.loads(handler(rest({"x-edgeroutes-origin": CURRENT}))["body"])
    assert (seen["url"], seen["client"]) == (f"https://{API_HOST}/", "203.0.113.7")


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001"},
        {"EDGEROUTES_ORIGIN_SECRET": ""},
        {"EDGEROUTES_ORIGIN_SECRET": "{{resolve:secretsmanager:x}}"},
        {**ON_LAMBDA, "AWS_SAM_LOCAL": "true", "EDGEROUTES_ORIGIN_SECRET": "OriginSecretValues"},
    ],
)
def test_off_lambda_and_in_sam_local_there_is_no_check(environ: dict[str, str]) -> None:
    assert origin_guard(environ) is None


def test_a_reference_that_was_not_resolved_stops_the_function_before_it_responds(
    project: RouteProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("route.py", ECHO)
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    monkeypatch.setenv("EDGEROUTES_ORIGIN_SECRET", "{{resolve:secretsmanager:a:SecretString:current::}}")
    with pytest.raises(ConfigError) as caught:
        project.handler()
    assert str(caught.value) == (
        "the variable EDGEROUTES_ORIGIN_SECRET: it contains a reference that CloudFormation has not resolved. Deploy with "
        "template.yaml as it is, or take EDGEROUTES_ORIGIN_SECRET out of the function's environment."
    )


@pytest.mark.parametrize("secrets", ["", " ", "none", "short none"])
def test_a_variable_without_a_secret_stops_the_function_before_it_responds(
    project: RouteProject, monkeypatch: pytest.MonkeyPatch, secrets: str
) -> None:
    project.write("route.py", ECHO)
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    monkeypatch.setenv("EDGEROUTES_ORIGIN_SECRET", secrets)
    with pytest.raises(ConfigError, match="EDGEROUTES_ORIGIN_SECRET: it holds no secret of at least 32 characters"):
        project.handler()


def test_a_secret_that_is_too_short_is_refused() -> None:
    with pytest.raises(ConfigError, match="it holds no secret of at least 32 characters"):
        OriginGuard("none short")
    assert not OriginGuard(f"{CURRENT} none").admits(rest({"x-edgeroutes-origin": "none"}))
