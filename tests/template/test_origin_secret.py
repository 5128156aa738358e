from __future__ import annotations

import json
import re

import pytest

from edgeroutes.adapters import origin
from edgeroutes.errors import ConfigError
from edgeroutes.names import CLIENT_HEADER, DISTRIBUTION_PARAMETER_VARIABLE, HOST_HEADER, SECRET_HEADER, SECRET_VARIABLE
from edgeroutes.plan.infra import parse_infra
from edgeroutes.template.cdn import name_viewer
from edgeroutes.template.document import make_template
from edgeroutes.template.origin_secret import (
    LENGTH,
    origin_headers,
    origin_secret_environment,
    origin_secret_resources,
)
from edgeroutes.template.revalidation import revalidation_environment
from tests.fakes import sam
from tests.plan.projects import plan

CURRENT = "{{resolve:secretsmanager:${OriginSecret}:SecretString:current::${OriginSecretVersion}}}"
PREVIOUS = "{{resolve:secretsmanager:${OriginSecret}:SecretString:previous::${OriginSecretVersion}}}"


def test_cloudfront_sends_the_current_secret_and_the_functions_take_the_previous_one_too() -> None:
    assert origin_headers() == [{"HeaderName": "x-edgeroutes-origin", "HeaderValue": {"Fn::Sub": CURRENT}}]
    made = origin_secret_resources()
    assert made["OriginSecretValues"]["Properties"]["Value"] == {"Fn::Sub": f"{CURRENT} {PREVIOUS}"}


def test_at_first_there_is_no_previous_one_and_what_stands_for_it_is_too_short_to_count() -> None:
    generated = origin_secret_resources()["OriginSecret"]["Properties"]["GenerateSecretString"]
    assert json.loads(generated["SecretStringTemplate"]) == {"previous": "none"}
    assert (generated["GenerateStringKey"], generated["PasswordLength"]) == ("current", LENGTH)


def test_however_many_functions_the_references_are_fewer_than_a_template_may_hold() -> None:
    files = {f"r{number}/route.py": "" for number in range(70)}
    text = json.dumps(sam.transform(make_template(plan(files)).text))
    assert len(re.findall("{{resolve:", text)) == 3
    assert text.count('"EDGEROUTES_ORIGIN_SECRET"') == 71


def test_what_is_sent_and_set_is_what_the_functions_read() -> None:
    assert [header["HeaderName"] for header in origin_headers()] == [SECRET_HEADER]
    assert list(origin_secret_environment()) == [SECRET_VARIABLE]
    assert list(revalidation_environment()) == [DISTRIBUTION_PARAMETER_VARIABLE]
    named = name_viewer([]).source
    assert all(f"request.headers['{name}'] =" in named for name in (HOST_HEADER, CLIENT_HEADER))
    assert LENGTH >= origin.MIN_LENGTH


def test_without_a_cdn_there_is_no_secret() -> None:
    text = make_template(plan({"a/route.py": ""}, cdn={"enabled": False})).text
    assert "OriginSecret" not in text
    assert "EDGEROUTES_" not in text


@pytest.mark.parametrize(
    "properties",
    [
        "Environment:",
        "Environment: {Variables: }",
        "Environment: !If [ManageApiGatewayAccount, {Variables: {A: 1}}, !Ref AWS::NoValue]",
        "Environment: {Variables: !If [ManageApiGatewayAccount, {A: 1}, {B: 1}]}",
    ],
)
@pytest.mark.parametrize("function", ["AFunction", "FallbackFunction"])
def test_infra_cannot_take_the_secret_from_a_function(function: str, properties: str) -> None:
    infra = parse_infra({"infra/a.yaml": f"Resources:\n  {function}:\n    Properties:\n      {properties}\n"})
    with pytest.raises(ConfigError) as caught:
        make_template(plan({"a/route.py": ""}), infra)
    assert str(caught.value) == (
        f"infra/a.yaml:4: {function} has no origin secret (EDGEROUTES_ORIGIN_SECRET), and would accept requests that bypass "
        "CloudFront. Write names and values under Environment, Variables; those that edgeroutes sets stay."
    )
    assert "EDGEROUTES_ORIGIN_SECRET" not in make_template(plan({"a/route.py": ""}, cdn={"enabled": False}), infra).text
