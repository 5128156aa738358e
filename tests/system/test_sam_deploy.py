"""The example application built, packaged and deployed by the real SAM CLI, into moto: what exists then, and that it responds."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.build.installer import UvInstaller
from edgeroutes.local_aws.server import MotoProcess
from edgeroutes.local_aws.stack import Cloud
from edgeroutes.pipeline import plan_project, project_template, write_template
from tests.build.projects import invoke

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeroutes.plan.model import FunctionPlan

REPOSITORY = Path(__file__).parents[2]
SAM = shutil.which("sam") or next(map(str, REPOSITORY.glob(".tools/*/bin/sam")), None)
PYTHON = UvInstaller().find_python("3.13")
pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(300),
    pytest.mark.skipif(find_spec("moto") is None, reason="moto is not installed: it comes with edgeroutes[testing]"),
    pytest.mark.skipif(SAM is None, reason="the SAM CLI is neither on PATH nor in .tools: run 'make sam'"),
    pytest.mark.skipif(shutil.which("make") is None, reason="there is no make"),
    pytest.mark.skipif(
        PYTHON is None, reason="there is no Python 3.13 on this machine, for which the bundles are built"
    ),
]
REGION = "eu-central-1"
STACK = "shop"
BUCKET = "artifacts-of-the-shop"
LAYER = "arn:aws:lambda:eu-central-1:580247275435:layer:LambdaInsightsExtension:53"
# What a user would add: resources, and a function with its own settings that refers to them.
OWN_PARTS = {
    "infra/notes.yaml": """\
Resources:
  Notes:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      TimeToLiveSpecification: {AttributeName: expires_at, Enabled: true}
  Token:
    Type: AWS::SecretsManager::Secret
    Properties:
      SecretString: '{"value": "open sesame"}'
""",
    "functions/api/hello/function.yaml": f"""\
MemorySize: 1024
Layers: [{LAYER}]
Policies:
  - DynamoDBReadPolicy: {{TableName: !Ref Notes}}
Environment:
  Variables:
    NOTES_TABLE: !Ref Notes
    NOTES_ARN: !GetAtt Notes.Arn
    TOKEN: !Sub '{{{{resolve:secretsmanager:${{Token}}:SecretString:value}}}}'
    STAGE: !If [TracingActive, traced, plain]
""",
}


@dataclass(frozen=True, slots=True)
class DeployedAws:
    """A project's folder, and the stack that `sam deploy` made of it."""

    root: Path
    cloud: Cloud

    @property
    def build(self) -> Path:
        return self.root / ".aws-sam" / "build"

    @property
    def functions(self) -> list[FunctionPlan]:
        plan = plan_project(self.root)
        return [*plan.functions, plan.fallback]

    @property
    def api_id(self) -> str:
        return self.physical_id("Api")

    def physical_id(self, logical_id: str) -> str:
        return self.cloud.resources[logical_id].physical_id

    def arn(self, service: str, kind: str, logical_id: str) -> str:
        region = "" if service == "iam" else REGION
        return f"arn:aws:{service}:{region}:123456789012:{kind}{self.physical_id(logical_id)}"

    def code(self, logical_id: str) -> bytes:
        """The zip that Lambda has, as it was uploaded; that it is the same one, its hash in Lambda says."""
        found = self.cloud.client("lambda").get_function(FunctionName=self.physical_id(logical_id))
        key = found["Code"]["Location"].rsplit("/", 1)[-1]
        code: bytes = self.cloud.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
        assert found["Configuration"]["CodeSha256"] == base64.b64encode(hashlib.sha256(code).digest()).decode()
        return code

    def code_hashes(self) -> dict[str, str]:
        pages = self.cloud.client("lambda").get_paginator("list_functions").paginate()
        names = {each.physical_id: name for name, each in self.cloud.resources.items()}
        return {names[each["FunctionName"]]: each["CodeSha256"] for page in pages for each in page["Functions"]}

    def paths(self) -> dict[str, dict[str, Any]]:
        """Path of the API → its methods."""
        pages = self.cloud.client("apigateway").get_paginator("get_resources").paginate(restApiId=self.api_id)
        return {each["path"]: each.get("resourceMethods", {}) for page in pages for each in page["items"]}

    def sam(self, *arguments: str) -> str:
        config = self.root.parent / "aws-config"
        config.write_text("[default]\ns3 =\n  addressing_style = path\n")
        environment = {
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "SAM_CLI_TELEMETRY": "0",
            # moto takes a template's bucket out of a URL with a path only where the host is this one.
            "AWS_ENDPOINT_URL": str(self.cloud.endpoint_url).replace("127.0.0.1", "localhost"),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": str(config),
        }
        ran = subprocess.run(
            [str(SAM), *arguments], cwd=self.root, env=environment, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def deploy(self) -> str:
        write_template(self.root, project_template(self.root).text)
        self.sam("build", "--parallel")
        said = self.sam(
            "deploy", "--stack-name", STACK, "--s3-bucket", BUCKET, "--capabilities", "CAPABILITY_IAM",
            "CAPABILITY_AUTO_EXPAND", "--no-confirm-changeset", "--no-progressbar",
        )  # fmt: skip
        self.cloud.read()
        return said


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedAws]:
    root = tmp_path_factory.mktemp("deployed") / "shop"
    for name in ("functions", "infra"):
        shutil.copytree(REPOSITORY / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "pyproject.toml", "uv.lock"):
        shutil.copy(REPOSITORY / name, root / name)
    for name, text in OWN_PARTS.items():
        (root / name).write_text(text)
    with MotoProcess() as moto:
        deployed = DeployedAws(root, Cloud(moto.url, REGION, STACK))
        deployed.cloud.client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        assert f"Successfully created/updated stack - {STACK} in {REGION}" in deployed.deploy()
        yield deployed


def test_nothing_in_the_stack_is_without_a_model(deployed: DeployedAws) -> None:
    assert deployed.cloud.warnings == ()


def test_every_function_holds_exactly_what_was_built(deployed: DeployedAws) -> None:
    for function in deployed.functions:
        folder = deployed.build / function.logical_id
        with zipfile.ZipFile(io.BytesIO(deployed.code(function.logical_id))) as archive:
            held = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
        assert held == {
            path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
        }


def _has_policies(function: FunctionPlan) -> bool:
    """Whether it has a role that is not everyone's; functions with the same policies share one, so it is called after any of them."""
    return bool(function.properties.get("Policies")) or "revalidation" in function.features


def test_every_function_is_set_as_the_plan_says(deployed: DeployedAws) -> None:
    plan, configured = plan_project(deployed.root), {}
    keys = ("Runtime", "Handler", "MemorySize", "Timeout", "Architectures", "Role", "Layers", "TracingConfig")
    for function in deployed.functions:
        name = deployed.physical_id(function.logical_id)
        found = deployed.cloud.client("lambda").get_function_configuration(FunctionName=name)
        configured[function.logical_id] = {key: found[key] for key in keys}
    config, shared = plan.config, deployed.arn("iam", "role/", "FunctionsRole")
    expected = {
        function.logical_id: {
            "Runtime": config.runtime,
            "Handler": "edgeroutes_function.handler",
            "MemorySize": config.memory_mib,
            "Timeout": function.properties.get("Timeout", config.timeout_s),
            "Architectures": [config.architecture],
            "Role": configured[function.logical_id]["Role"] if _has_policies(function) else shared,
            "Layers": [],
            "TracingConfig": {"Mode": "PassThrough"},
        }
        for function in deployed.functions
    }
    hello = expected["ApiHelloFunction"]
    hello["Role"], hello["MemorySize"] = configured["ApiHelloFunction"]["Role"], 1024
    hello["Layers"] = [{"Arn": LAYER, "CodeSize": 0}]
    assert hello["Role"] != shared, "a function with policies has a role of its own"
    expected["FallbackFunction"] = {**expected["FallbackFunction"], **{
        key: configured["FallbackFunction"][key] for key in ("MemorySize", "Timeout")
    }}  # fmt: skip
    assert configured == expected


def test_a_functions_environment_has_its_references_resolved(deployed: DeployedAws) -> None:
    found = deployed.cloud.environment_of("ApiHelloFunction")
    expected = {
        "NOTES_TABLE": deployed.physical_id("Notes"),
        "NOTES_ARN": deployed.arn("dynamodb", "table/", "Notes"),
        "TOKEN": "open sesame",
        "STAGE": "plain",
    }
    assert {name: found.get(name) for name in expected} == expected
    assert not {name for name in deployed.cloud.environment_of("HelloFunction") if name in expected}
    described = deployed.cloud.client("dynamodb").describe_time_to_live(TableName=found["NOTES_TABLE"])
    assert described["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}


def test_every_path_of_the_api_calls_its_function_with_the_invoke_role(deployed: DeployedAws) -> None:
    plan = plan_project(deployed.root)
    streams = {function.logical_id: function.streams for function in deployed.functions}
    timeouts = {function.logical_id: function.properties.get("Timeout", 0) for function in deployed.functions}
    expected = {}
    for resource in plan.api_resources:
        name = resource.logical_id
        version, call = (
            ("2021-11-15", "response-streaming-invocations") if streams[name] else ("2015-03-31", "invocations")
        )
        arn = deployed.arn("lambda", "function:", name)
        expected[resource.path] = {
            "type": "AWS_PROXY",
            "httpMethod": "POST",
            "uri": f"arn:aws:apigateway:{REGION}:lambda:path/{version}/functions/{arn}/{call}",
            "credentials": deployed.arn("iam", "role/", "ApiInvokeRole"),
            "passthroughBehavior": "WHEN_NO_MATCH",
            "timeoutInMillis": timeouts[name] * 1000 if streams[name] else 29_000,
            "cacheKeyParameters": [],
            "responseTransferMode": "STREAM" if streams[name] else "BUFFERED",
        }
    found = {path: methods for path, methods in deployed.paths().items() if methods}
    assert {path: list(methods) for path, methods in found.items()} == {path: ["ANY"] for path in expected}
    assert {path: methods["ANY"]["methodIntegration"] for path, methods in found.items()} == expected
    assert {name for name, streaming in streams.items() if streaming} >= {"ApiChatFunction", "ApiEventsFunction"}


def test_the_apis_own_errors_are_problem_documents(deployed: DeployedAws) -> None:
    gateway = deployed.cloud.client("apigateway")
    found = {each["responseType"]: each for each in gateway.get_gateway_responses(restApiId=deployed.api_id)["items"]}
    statuses = {kind: each.get("statusCode") for kind, each in found.items()}
    wanted = {
        "UNAUTHORIZED": "401",
        "ACCESS_DENIED": "403",
        "RESOURCE_NOT_FOUND": "404",
        "REQUEST_TOO_LARGE": "413",
        "THROTTLED": "429",
    }
    assert {kind: statuses.get(kind) for kind in wanted} == wanted
    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= set(found)
    for each in found.values():
        assert each["responseParameters"]["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
        assert json.loads(each["responseTemplates"]["application/json"])["type"] == "about:blank"
    api = gateway.get_rest_api(restApiId=deployed.api_id)
    assert (api["name"], api["endpointConfiguration"]["types"], api["binaryMediaTypes"]) == (
        STACK,
        ["REGIONAL"],
        ["*/*"],
    )


def test_the_stage_serves_the_deployment_and_logs_by_the_accounts_role(deployed: DeployedAws) -> None:
    gateway = deployed.cloud.client("apigateway")
    (stage,) = gateway.get_stages(restApiId=deployed.api_id)["item"]
    (deployment,) = gateway.get_deployments(restApiId=deployed.api_id)["items"]
    assert (stage["stageName"], stage["deploymentId"], stage["tracingEnabled"]) == ("live", deployment["id"], False)
    log = stage["accessLogSettings"]
    assert log["destinationArn"] == f"arn:aws:logs:{REGION}:123456789012:log-group:/aws/apigateway/{STACK}"
    assert json.loads(log["format"])["request_id"] == "$context.requestId"
    assert gateway.get_account()["cloudwatchRoleArn"] == deployed.arn("iam", "role/", "ApiGatewayAccountRole")


def test_the_log_groups_delete_old_lines(deployed: DeployedAws) -> None:
    groups = deployed.cloud.client("logs").describe_log_groups()["logGroups"]
    assert {each["logGroupName"]: each["retentionInDays"] for each in groups} == {
        f"/aws/apigateway/{STACK}": 30,
        f"/aws/lambda/{STACK}": 30,
    }


def test_roles_may_do_what_they_are_for(deployed: DeployedAws) -> None:
    iam = deployed.cloud.client("iam")

    def attached(logical_id: str) -> set[str]:
        name = deployed.physical_id(logical_id)
        return {each["PolicyArn"] for each in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]}

    def trusted(logical_id: str) -> Any:
        role = iam.get_role(RoleName=deployed.physical_id(logical_id))["Role"]
        return role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"]

    aws = "arn:aws:iam::aws:policy/service-role"
    policy = deployed.physical_id("ApiInvokePolicy")
    roles = {
        name: (trusted(name), attached(name)) for name in ("ApiInvokeRole", "ApiGatewayAccountRole", "FunctionsRole")
    }
    assert roles == {
        "ApiInvokeRole": ("apigateway.amazonaws.com", {policy}),
        "ApiGatewayAccountRole": ("apigateway.amazonaws.com", {f"{aws}/AmazonAPIGatewayPushToCloudWatchLogs"}),
        "FunctionsRole": ("lambda.amazonaws.com", set()),
    }
    group = deployed.arn("logs", "log-group:", "FunctionsLogGroup")
    for name in ("FunctionsRole", "ApiHelloFunctionRole"):
        document = iam.get_role_policy(RoleName=deployed.physical_id(name), PolicyName="logs")["PolicyDocument"]
        # CloudFormation's Arn of a log group ends in `:*`, moto's does not.
        assert {(each["Action"], each["Resource"].removesuffix(":*")) for each in document["Statement"]} == {
            ("logs:CreateLogStream", group),
            ("logs:PutLogEvents", group),
        }
    assert invocable(deployed) == {deployed.arn("lambda", "function:", each.logical_id) for each in deployed.functions}
    document = iam.get_role_policy(
        RoleName=deployed.physical_id("ApiHelloFunctionRole"), PolicyName="ApiHelloFunctionRolePolicy0"
    )["PolicyDocument"]
    (statement,) = document["Statement"]
    assert "dynamodb:GetItem" in statement["Action"]
    assert deployed.arn("dynamodb", "table/", "Notes") in statement["Resource"]


def invocable(deployed: DeployedAws) -> set[str]:
    """The functions that the API may invoke."""
    iam, arn = deployed.cloud.client("iam"), deployed.physical_id("ApiInvokePolicy")
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    (statement,) = document["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "lambda:InvokeFunction")
    return set(statement["Resource"])


def test_the_distribution_stands_before_the_api_and_keeps_by_tags(deployed: DeployedAws) -> None:
    identity = deployed.physical_id("Distribution")
    config = deployed.cloud.client("cloudfront").get_distribution(Id=identity)["Distribution"]["DistributionConfig"]
    origins = {each["Id"]: each for each in config["Origins"]["Items"]}
    behaviour = config["DefaultCacheBehavior"]
    origin = origins[behaviour["TargetOriginId"]]
    assert (origin["DomainName"], origin["OriginPath"]) == (
        f"{deployed.api_id}.execute-api.{REGION}.amazonaws.com",
        "/live",
    )
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert behaviour["CachePolicyId"] == deployed.physical_id("DistributionCachePolicy")
    assert behaviour["ViewerProtocolPolicy"] == "redirect-to-https"
    assert set(behaviour["AllowedMethods"]["Items"]) == {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"}
    assert config["CacheTagConfig"] == {"HeaderName": "x-cache-tag"}
    assert {each["ErrorCachingMinTTL"] for each in config["CustomErrorResponses"]["Items"]} == {0}
    assert deployed.cloud.outputs["DistributionId"] == identity


@pytest.mark.parametrize(
    ("logical_id", "path", "status", "body"),
    [
        ("HelloFunction", "/hello", 200, {"message": "Hello from edgeroutes"}),
        ("ApiErrorsMissingFunction", "/api/errors/missing", 404, None),
        ("FallbackFunction", "/nobody", 404, None),
    ],
)
def test_a_deployed_zip_responds_where_nothing_else_can_be_imported(
    deployed: DeployedAws, tmp_path: Path, *, logical_id: str, path: str, status: int, body: Any
) -> None:
    response = invoke(unpack(deployed, logical_id, tmp_path), path, python=str(PYTHON))
    said = json.loads(response["body"])
    assert response["status"] == status
    if body is None:
        assert response["headers"]["content-type"] == ["application/problem+json"]
        assert (said["status"], said["instance"]) == (404, path)
    else:
        assert said == body


def unpack(deployed: DeployedAws, logical_id: str, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(deployed.code(logical_id))) as archive:
        archive.extractall(folder)
    return folder


def test_a_second_deploy_changes_what_has_changed_and_nothing_else(deployed: DeployedAws, tmp_path: Path) -> None:
    """Last in this file: it leaves another stack than it found."""
    before, api_id = deployed.code_hashes(), deployed.api_id
    (first,) = deployed.cloud.client("apigateway").get_deployments(restApiId=api_id)["items"]
    (deployed.root / "functions" / "hello" / "route.py").write_text("def GET():\n    return {'changed': True}\n")
    fresh = deployed.root / "functions" / "api" / "fresh" / "route.py"
    fresh.parent.mkdir()
    fresh.write_text("def GET():\n    return {'fresh': True}\n")
    deployed.deploy()

    after = deployed.code_hashes()
    assert set(after) - set(before) == {"ApiFreshFunction"}
    assert {name for name in before if before[name] != after.get(name)} == {"HelloFunction"}
    assert json.loads(invoke(unpack(deployed, "HelloFunction", tmp_path), "/hello", python=str(PYTHON))["body"]) == {
        "changed": True
    }
    assert deployed.api_id == api_id
    assert "/api/fresh" in deployed.paths()
    assert deployed.arn("lambda", "function:", "ApiFreshFunction") in invocable(deployed)
    gateway = deployed.cloud.client("apigateway")
    (second,) = gateway.get_deployments(restApiId=api_id)["items"]
    (stage,) = gateway.get_stages(restApiId=api_id)["item"]
    assert second["id"] == stage["deploymentId"] != first["id"]
    (stack,) = deployed.cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert deployed.cloud.environment_of("ApiHelloFunction")["TOKEN"] == "open sesame"
