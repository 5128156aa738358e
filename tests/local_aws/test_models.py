"""What a stack has made, as the clients of each service find it. One template for each case, in moto's mock."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import moto
import pytest

from edgeroutes.local_aws.stack import Cloud

if TYPE_CHECKING:
    from collections.abc import Iterator

TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
ASSUME = {"Version": "2012-10-17", "Statement": [TRUST]}
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]}
ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": ASSUME}}
QUEUE = {"Type": "AWS::SQS::Queue"}
TOPIC = {"Type": "AWS::SNS::Topic"}
BUCKET = {"Type": "AWS::S3::Bucket"}
FUNCTION_PROPERTIES = {
    "Code": {"ZipFile": "def handler(event, context): pass"},
    "Handler": "index.handler",
    "Runtime": "python3.13",
    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
}
FUNCTION = {"Type": "AWS::Lambda::Function", "Properties": FUNCTION_PROPERTIES}


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with moto.mock_aws():
        yield Cloud()


def put(cloud: Cloud, **resources: Any) -> Cloud:
    cloud.put({"Resources": resources})
    return cloud


def of(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def secret_of(cloud: Cloud, name: str) -> str:
    found = cloud.client("secretsmanager").get_secret_value(SecretId=cloud.resources[name].physical_id)
    return str(found["SecretString"])


def test_a_secret_has_its_text_and_changes_with_it(cloud: Cloud) -> None:
    put(cloud, Key=of("AWS::SecretsManager::Secret", SecretString="one"))
    first = cloud.resources["Key"].physical_id
    assert secret_of(cloud, "Key") == "one"
    put(cloud, Key=of("AWS::SecretsManager::Secret", SecretString="two"))
    assert (secret_of(cloud, "Key"), cloud.resources["Key"].physical_id) == ("two", first)
    assert first.startswith("arn:aws:secretsmanager:us-east-1:123456789012:secret:")


def test_a_generated_secret_follows_its_rule_and_stays(cloud: Cloud) -> None:
    rule = {
        "SecretStringTemplate": '{"user": "ada"}',
        "GenerateStringKey": "password",
        "PasswordLength": 20,
        "ExcludePunctuation": True,
    }
    put(cloud, Key=of("AWS::SecretsManager::Secret", GenerateSecretString=rule))
    text = secret_of(cloud, "Key")
    made = json.loads(text)
    assert (made["user"], len(made["password"]), made["password"].isalnum()) == ("ada", 20, True)
    put(cloud, Key=of("AWS::SecretsManager::Secret", GenerateSecretString=rule, Description="changed"))
    assert secret_of(cloud, "Key") == text


def test_a_bucket_has_its_cors_rules_versions_and_policy(cloud: Cloud) -> None:
    rule = {
        "AllowedMethods": ["PUT"],
        "AllowedOrigins": ["https://a.example"],
        "AllowedHeaders": ["*"],
        "ExposedHeaders": ["ETag"],
        "MaxAge": 60,
    }
    insecure = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = {"Version": "2012-10-17", "Statement": [insecure]}
    bucket = of(
        "AWS::S3::Bucket", CorsConfiguration={"CorsRules": [rule]}, VersioningConfiguration={"Status": "Enabled"}
    )
    put(cloud, Files=bucket, Policy=of("AWS::S3::BucketPolicy", Bucket={"Ref": "Files"}, PolicyDocument=policy))
    s3, name = cloud.client("s3"), cloud.resources["Files"].physical_id
    assert s3.get_bucket_cors(Bucket=name)["CORSRules"] == [
        {
            "AllowedMethods": ["PUT"],
            "AllowedOrigins": ["https://a.example"],
            "AllowedHeaders": ["*"],
            "ExposeHeaders": ["ETag"],
            "MaxAgeSeconds": 60,
        }
    ]
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert json.loads(s3.get_bucket_policy(Bucket=name)["Policy"]) == policy
    s3.put_object(Bucket=name, Key="a", Body=b"a condition that moto cannot weigh denies nothing")


def test_a_policy_without_conditions_is_weighed(cloud: Cloud) -> None:
    deny = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}],
    }
    put(cloud, Files=BUCKET, Policy=of("AWS::S3::BucketPolicy", Bucket={"Ref": "Files"}, PolicyDocument=deny))
    s3, name = cloud.client("s3"), cloud.resources["Files"].physical_id
    with pytest.raises(s3.exceptions.ClientError, match=r"Forbidden|AccessDenied"):
        s3.put_object(Bucket=name, Key="a", Body=b"")
    put(cloud, Files=BUCKET)
    s3.put_object(Bucket=name, Key="a", Body=b"")


def test_a_table_deletes_expired_items(cloud: Cloud) -> None:
    ttl = {"AttributeName": "expires_at", "Enabled": True}
    key = {
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    }
    put(cloud, Notes=of("AWS::DynamoDB::Table", BillingMode="PAY_PER_REQUEST", TimeToLiveSpecification=ttl, **key))
    found = cloud.client("dynamodb").describe_time_to_live(TableName=cloud.resources["Notes"].physical_id)
    assert found["TimeToLiveDescription"] == {"AttributeName": "expires_at", "TimeToLiveStatus": "ENABLED"}


def test_a_subscription_brings_a_topics_messages_into_a_queue(cloud: Cloud) -> None:
    arns = {"TopicArn": {"Ref": "Topic"}, "Endpoint": {"Fn::GetAtt": ["Queue", "Arn"]}}
    subscription = of("AWS::SNS::Subscription", Protocol="sqs", RawMessageDelivery=True, **arns)
    put(cloud, Topic=TOPIC, Queue=QUEUE, Subscription=subscription)
    cloud.client("sns").publish(TopicArn=cloud.resources["Topic"].physical_id, Message="hello")
    found = cloud.client("sqs").receive_message(QueueUrl=cloud.resources["Queue"].physical_id)
    assert [message["Body"] for message in found["Messages"]] == ["hello"]
    put(cloud, Topic=TOPIC, Queue=QUEUE)
    assert cloud.client("sns").list_subscriptions()["Subscriptions"] == []


def test_policies_of_queues_and_topics_are_theirs(cloud: Cloud) -> None:
    queue_policy = of("AWS::SQS::QueuePolicy", Queues=[{"Ref": "Queue"}], PolicyDocument=ALLOW)
    topic_policy = of("AWS::SNS::TopicPolicy", Topics=[{"Ref": "Topic"}], PolicyDocument=ALLOW)
    put(cloud, Queue=QUEUE, Topic=TOPIC, QueuePolicy=queue_policy, TopicPolicy=topic_policy)
    url, arn = cloud.resources["Queue"].physical_id, cloud.resources["Topic"].physical_id
    attributes = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
    assert json.loads(attributes["Policy"]) == ALLOW
    assert json.loads(cloud.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]) == ALLOW


def test_a_role_has_all_its_policies_and_loses_those_that_go(cloud: Cloud) -> None:
    aws = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    inline = [{"PolicyName": "send", "PolicyDocument": ALLOW}]
    role = of(
        "AWS::IAM::Role",
        AssumeRolePolicyDocument=ASSUME,
        ManagedPolicyArns=[aws, {"Ref": "AWS::NoValue"}],
        Policies=inline,
    )
    more = of("AWS::IAM::RolePolicy", RoleName={"Ref": "Role"}, PolicyName="more", PolicyDocument=ALLOW)
    put(cloud, Role=role, More=more)
    iam, name = cloud.client("iam"), cloud.resources["Role"].physical_id
    assert [each["PolicyArn"] for each in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]] == [aws]
    assert set(iam.list_role_policies(RoleName=name)["PolicyNames"]) == {"send", "more"}
    assert iam.get_role_policy(RoleName=name, PolicyName="send")["PolicyDocument"] == ALLOW
    put(cloud, Role=ROLE)
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == []
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == []


def test_a_managed_policy_changes_as_often_as_one_likes(cloud: Cloud) -> None:
    for number in range(8):
        document = {
            "Version": "2012-10-17",
            "Statement": [{**ALLOW["Statement"][0], "Resource": f"arn:aws:sqs:*:*:{number}"}],
        }
        put(cloud, Policy=of("AWS::IAM::ManagedPolicy", PolicyDocument=document))
        iam, arn = cloud.client("iam"), cloud.resources["Policy"].physical_id
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        assert iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"] == document


def test_a_function_has_all_its_settings_also_when_they_change(cloud: Cloud) -> None:
    foreign = "arn:aws:lambda:us-east-1:580247275435:layer:LambdaInsightsExtension:53"
    for memory, variable in ((256, True), (512, "text")):
        settings = {
            "MemorySize": memory,
            "Timeout": 7,
            "Architectures": ["arm64"],
            "Layers": [foreign],
            "TracingConfig": {"Mode": "Active"},
        }
        environment = {"Variables": {"A": variable, "N": 1}}
        function = of("AWS::Lambda::Function", **FUNCTION_PROPERTIES, **settings, Environment=environment)
        put(cloud, Role=ROLE, Function=function)
        name = cloud.resources["Function"].physical_id
        found = cloud.client("lambda").get_function_configuration(FunctionName=name)
        assert {key: found[key] for key in settings} == {**settings, "Layers": [{"Arn": foreign, "CodeSize": 0}]}
        assert cloud.environment_of("Function") == {"A": "true" if variable is True else "text", "N": "1"}


def test_an_alias_names_a_version_and_a_url_calls_the_function(cloud: Cloud) -> None:
    version = of("AWS::Lambda::Version", FunctionName={"Ref": "Function"})
    number = {"Fn::GetAtt": ["Version", "Version"]}
    alias = of("AWS::Lambda::Alias", FunctionName={"Ref": "Function"}, FunctionVersion=number, Name="live")
    url = of(
        "AWS::Lambda::Url",
        TargetFunctionArn={"Fn::GetAtt": ["Function", "Arn"]},
        AuthType="NONE",
        InvokeMode="RESPONSE_STREAM",
    )
    put(cloud, Role=ROLE, Function=FUNCTION, Version=version, Alias=alias, Url=url)
    client, name = cloud.client("lambda"), cloud.resources["Function"].physical_id
    assert client.get_alias(FunctionName=name, Name="live")["FunctionVersion"] == "1"
    assert cloud.resources["Alias"].physical_id == f"arn:aws:lambda:us-east-1:123456789012:function:{name}:live"
    assert client.get_function_url_config(FunctionName=name)["InvokeMode"] == "RESPONSE_STREAM"


def distribution(*functions: Any) -> dict[str, Any]:
    behaviour = {
        "TargetOriginId": "api",
        "ViewerProtocolPolicy": "https-only",
        "CachePolicyId": {"Ref": "Cache"},
        "FunctionAssociations": list(functions),
    }
    origin = {"Id": "api", "DomainName": "a.example", "CustomOriginConfig": {"OriginProtocolPolicy": "https-only", "HTTPSPort": 443},
              "OriginCustomHeaders": [{"HeaderName": "x-secret", "HeaderValue": "s"}]}  # fmt: skip
    config = {
        "Enabled": True,
        "DefaultCacheBehavior": behaviour,
        "Origins": [origin],
        "Aliases": ["b.example"],
        "IPV6Enabled": False,
    }
    return of("AWS::CloudFront::Distribution", DistributionConfig=config)


def test_a_distribution_has_its_origin_its_functions_and_changes_in_place(cloud: Cloud) -> None:
    source = {
        "FunctionCode": "function handler(e) {}",
        "FunctionConfig": {"Comment": "", "Runtime": "cloudfront-js-2.0"},
    }
    code = of("AWS::CloudFront::Function", Name="viewer", AutoPublish=True, **source)
    association = {"EventType": "viewer-response", "FunctionARN": {"Fn::GetAtt": ["Viewer", "FunctionARN"]}}
    cache = of("AWS::CloudFront::CachePolicy", CachePolicyConfig={"Name": "c"})
    put(cloud, Cache=cache, Viewer=code, Cdn=distribution(association))
    client, identity = cloud.client("cloudfront"), cloud.resources["Cdn"].physical_id
    config = client.get_distribution(Id=identity)["Distribution"]["DistributionConfig"]
    (origin,) = config["Origins"]["Items"]
    assert origin["CustomHeaders"] == {"Quantity": 1, "Items": [{"HeaderName": "x-secret", "HeaderValue": "s"}]}
    assert origin["CustomOriginConfig"]["HTTPSPort"] == 443
    assert (config["Aliases"], config["IsIPV6Enabled"]) == ({"Quantity": 1, "Items": ["b.example"]}, False)
    arn = cloud.resources["Viewer"].physical_id
    behaviour = config["DefaultCacheBehavior"]
    assert behaviour["FunctionAssociations"] == {
        "Quantity": 1,
        "Items": [{"FunctionARN": arn, "EventType": "viewer-response"}],
    }
    assert behaviour["CachePolicyId"] == cloud.resources["Cache"].physical_id
    assert client.get_function(Name="viewer")["FunctionCode"].read() == b"function handler(e) {}"
    put(cloud, Cache=cache, Viewer=code, Cdn=distribution())
    assert cloud.resources["Cdn"].physical_id == identity
    changed = client.get_distribution(Id=identity)["Distribution"]["DistributionConfig"]["DefaultCacheBehavior"]
    assert changed["FunctionAssociations"]["Quantity"] == 0
    put(cloud, Cache=cache)
    assert client.list_distributions()["DistributionList"]["Quantity"] == 0
    assert client.list_functions()["FunctionList"]["Quantity"] == 0


def test_policies_of_cloudfront_have_an_id_of_their_own(cloud: Cloud) -> None:
    kinds = ("Cache", "OriginRequest", "ResponseHeaders")
    put(cloud, **{kind: of(f"AWS::CloudFront::{kind}Policy") for kind in kinds})
    assert len({cloud.resources[kind].physical_id for kind in kinds}) == 3
    assert cloud.warnings == ()


def test_keys_and_access_controls_of_cloudfront_exist(cloud: Cloud) -> None:
    config = {
        "Name": "oac",
        "OriginAccessControlOriginType": "lambda",
        "SigningBehavior": "always",
        "SigningProtocol": "sigv4",
    }
    control = of("AWS::CloudFront::OriginAccessControl", OriginAccessControlConfig=config)
    put(cloud, Store=of("AWS::CloudFront::KeyValueStore", Name="kv"), Control=control)
    client, identity = cloud.client("cloudfront"), cloud.resources["Control"].physical_id
    assert client.get_origin_access_control(Id=identity)["OriginAccessControl"]["OriginAccessControlConfig"] == config
    assert client.describe_key_value_store(Name="kv")["KeyValueStore"]["Name"] == "kv"


def test_an_api_is_what_its_document_says_also_when_that_changes(cloud: Cloud) -> None:
    def api(*paths: str) -> dict[str, Any]:
        integration = {"type": "mock", "requestTemplates": {"application/json": "{}"}}
        methods = {"get": {"x-amazon-apigateway-integration": integration}, "parameters": []}
        return of(
            "AWS::ApiGateway::RestApi", Name="a", Body={"openapi": "3.0.1", "paths": dict.fromkeys(paths, methods)}
        )

    def found() -> dict[str, list[str]]:
        items = cloud.client("apigateway").get_resources(restApiId=cloud.resources["Api"].physical_id)["items"]
        return {each["path"]: list(each.get("resourceMethods", {})) for each in items}

    response = of(
        "AWS::ApiGateway::GatewayResponse", RestApiId={"Ref": "Api"}, ResponseType="DEFAULT_4XX", StatusCode="418"
    )
    put(cloud, Api=api("/", "/a/{id}", "/a"), Response=response)
    assert found() == {"/": ["GET"], "/a": ["GET"], "/a/{id}": ["GET"]}
    identity = cloud.resources["Api"].physical_id
    gateway = cloud.client("apigateway")
    assert gateway.get_gateway_response(restApiId=identity, responseType="DEFAULT_4XX")["statusCode"] == "418"
    put(cloud, Api=api("/b/c"))
    assert found() == {"/": [], "/b": [], "/b/c": ["GET"]}
    assert cloud.resources["Api"].physical_id == identity


def test_what_leaves_the_template_leaves_moto(cloud: Cloud) -> None:
    put(cloud, Queue=QUEUE, Key=of("AWS::SecretsManager::Secret", SecretString="one"))
    put(cloud, Queue=QUEUE)
    assert cloud.client("secretsmanager").list_secrets()["SecretList"] == []
    assert set(cloud.resources) == {"Queue"}
