"""Signed uploads against the moto server, through its socket: what S3 accepts and refuses, with its codes."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from botocore.config import Config

from edgeroutes.local_aws.server import MotoProcess
from edgeroutes.local_aws.signed_uploads import S3Refusal, require_policy, require_signed_url

if TYPE_CHECKING:
    from collections.abc import Iterator

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(20)
TOO_MUCH = "Your proposed upload exceeds the maximum allowed size"
TOO_LITTLE = "Your proposed upload is smaller than the minimum allowed size"
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your key and signing method."
)
BY_POLICY = "Invalid according to Policy: "
FAILED = BY_POLICY + "Policy Condition failed: "
NO_DATE = (
    "Bucket POST must contain a field named 'X-Amz-Date'.  If it is specified, please check the order of the fields."
)
UNSIGNED = "There were headers present in the request which were not signed: x-amz-acl"


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    with MotoProcess() as moto:
        moto.ensure()
        config = Config(signature_version="s3v4", request_checksum_calculation="when_required")
        client = boto3.client(
            "s3", "us-east-1", endpoint_url=moto.url, aws_access_key_id="testing", aws_secret_access_key="testing", config=config
        )  # fmt: skip
        client.create_bucket(Bucket="photos")
        yield client
        client.close()


def signed(s3: Any, key: str = "in/1", *, seconds: int = 60) -> dict[str, Any]:
    conditions = [
        {"Content-Type": "image/png"},
        ["content-length-range", 1, len(PNG)],
        ["starts-with", "$x-amz-meta-name", "a"],
    ]
    fields = {"Content-Type": "image/png", "x-amz-meta-name": "a.png"}
    made: dict[str, Any] = s3.generate_presigned_post(
        "photos", key, Fields=fields, Conditions=conditions, ExpiresIn=seconds
    )
    return made


def outcome(response: httpx.Response) -> tuple[int, str, str]:
    """Status, code and message."""
    code = re.search("<Code>(.*?)</Code>", response.text)
    message = re.search("<Message>(.*?)</Message>", response.text)
    return response.status_code, code[1] if code else "", message[1].replace("&quot;", '"') if message else ""


def post(form: dict[str, Any], body: bytes = PNG, **changed: str | None) -> tuple[int, str, str]:
    renamed = {name.replace("_", "-"): value for name, value in changed.items()}
    fields = {name: value for name, value in {**form["fields"], **renamed}.items() if value is not None}
    return outcome(httpx.post(form["url"], data=fields, files={"file": ("a.png", body)}))


def test_a_post_within_its_policy_stores_the_object_with_its_type_and_metadata(s3: Any) -> None:
    assert post(signed(s3)) == (204, "", "")
    found = s3.get_object(Bucket="photos", Key="in/1")
    assert (found["Body"].read(), found["ContentType"], found["Metadata"]) == (PNG, "image/png", {"name": "a.png"})


@pytest.mark.parametrize(
    ("body", "changed", "expected"),
    [
        (PNG + b"x", {}, (400, "EntityTooLarge", TOO_MUCH)),
        (b"", {}, (400, "EntityTooSmall", TOO_LITTLE)),
        (PNG, {"Content_Type": "text/html"}, (403, "AccessDenied", FAILED + '["eq", "$Content-Type", "image/png"]')),
        (PNG, {"Content_Type": None}, (403, "AccessDenied", FAILED + '["eq", "$Content-Type", "image/png"]')),
        (PNG, {"key": "in/2"}, (403, "AccessDenied", FAILED + '["eq", "$key", "in/refused"]')),
        (PNG, {"key": "../x"}, (403, "AccessDenied", FAILED + '["eq", "$key", "in/refused"]')),
        (PNG, {"x_amz_meta_name": "b"}, (403, "AccessDenied", FAILED + '["starts-with", "$x-amz-meta-name", "a"]')),
        (PNG, {"acl": "public-read"}, (403, "AccessDenied", BY_POLICY + "Extra input fields: acl")),
        (PNG, {"x_amz_signature": "0" * 64}, (403, "SignatureDoesNotMatch", MISMATCH)),
        (PNG, {"policy": None}, (403, "AccessDenied", "Access Denied")),
        (PNG, {"x_amz_date": None}, (400, "InvalidArgument", NO_DATE)),
        (PNG, {"policy": b64encode(b"{}").decode()}, (403, "SignatureDoesNotMatch", MISMATCH)),
    ],
)  # fmt: skip
def test_a_post_outside_its_policy_is_refused_and_stores_nothing(
    s3: Any, body: bytes, changed: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    assert post(signed(s3, "in/refused"), body, **changed) == expected
    assert s3.list_objects_v2(Bucket="photos", Prefix="in/refused")["KeyCount"] == 0


def test_fields_to_ignore_need_no_condition(s3: Any) -> None:
    assert post(signed(s3, "in/ignored"), x_ignore_page="1") == (204, "", "")


def test_a_policy_expires(s3: Any) -> None:
    form = signed(s3)
    fields = {name.lower(): value for name, value in form["fields"].items()}
    expiration = json.loads(b64decode(fields["policy"]))["expiration"]
    ends = datetime.fromisoformat(expiration)
    require_policy(fields, "photos", 1, ends - timedelta(seconds=1))
    with pytest.raises(S3Refusal) as caught:
        require_policy(fields, "photos", 1, ends)
    assert caught.value.args == (403, "AccessDenied", BY_POLICY + "Policy expired.")


def test_the_policy_of_another_bucket_is_refused(s3: Any) -> None:
    fields = {name.lower(): value for name, value in signed(s3)["fields"].items()}
    with pytest.raises(S3Refusal) as caught:
        require_policy(fields, "others", 1, datetime.now(UTC))
    assert caught.value.args == (
        403,
        "AccessDenied",
        FAILED + '["eq", "$bucket", "photos"]',
    )


@pytest.mark.parametrize(
    "document",
    ["[]", "{", '{"expiration": "2999-01-01T00:00:00Z", "conditions": [{}]}', '{"expiration": "x", "conditions": []}'],
)
def test_a_policy_that_cannot_be_read_is_invalid(document: str) -> None:
    text = b64encode(document.encode()).decode()
    fields = {"policy": text, "x-amz-credential": "unknown/20260101/us-east-1/s3/aws4_request", "x-amz-signature": "0"}
    with pytest.raises(S3Refusal) as caught:
        require_policy({**fields, "x-amz-algorithm": "a", "x-amz-date": "d"}, "photos", 1, datetime.now(UTC))
    assert caught.value.args == (400, "InvalidPolicyDocument", "Invalid Policy: Invalid JSON.")


def put_url(s3: Any, key: str, size_bytes: int) -> str:
    asked = {
        "Bucket": "photos",
        "Key": key,
        "ContentType": "image/png",
        "ContentLength": size_bytes,
        "IfNoneMatch": "*",
    }
    url: str = s3.generate_presigned_url("put_object", Params=asked, ExpiresIn=60)
    return url


HEADERS = {"Content-Type": "image/png", "If-None-Match": "*"}


def test_a_put_stores_exactly_what_was_signed_and_only_once(s3: Any) -> None:
    url = put_url(s3, "in/ä b+(1).png", len(PNG))
    assert outcome(httpx.put(url, content=PNG, headers=HEADERS))[0] == 200
    assert s3.get_object(Bucket="photos", Key="in/ä b+(1).png")["Body"].read() == PNG
    again = outcome(httpx.put(url, content=PNG, headers=HEADERS))
    assert again[:2] == (412, "PreconditionFailed")


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        (PNG + b"x", {}, (403, "SignatureDoesNotMatch", MISMATCH)),
        (PNG[:-1], {}, (403, "SignatureDoesNotMatch", MISMATCH)),
        (PNG, {"Content-Type": "text/html"}, (403, "SignatureDoesNotMatch", MISMATCH)),
        (PNG, {"If-None-Match": "x"}, (403, "SignatureDoesNotMatch", MISMATCH)),
        (PNG, {"x-amz-acl": "public-read"}, (403, "AccessDenied", UNSIGNED)),
    ],
)  # fmt: skip
def test_a_put_that_is_not_the_signed_one_is_refused(
    s3: Any, body: bytes, headers: dict[str, str], expected: tuple[int, str, str]
) -> None:
    url = put_url(s3, "in/wrong", len(PNG))
    assert outcome(httpx.put(url, content=body, headers={**HEADERS, **headers})) == expected


def test_a_signed_url_is_for_one_key_one_method_and_a_time(s3: Any) -> None:
    url = put_url(s3, "in/mine", len(PNG))
    elsewhere = outcome(httpx.put(url.replace("in/mine", "in/other"), content=PNG, headers=HEADERS))
    deleted = outcome(httpx.delete(url))
    assert (elsewhere, deleted) == ((403, "SignatureDoesNotMatch", MISMATCH), (403, "SignatureDoesNotMatch", MISMATCH))
    with pytest.raises(S3Refusal) as caught:
        require_signed_url("PUT", url, {}, datetime.now(UTC) + timedelta(seconds=61))
    assert caught.value.args == (403, "AccessDenied", "Request has expired")


def test_a_signed_download_and_ordinary_calls_work_as_before(s3: Any) -> None:
    s3.put_object(Bucket="photos", Key="out/a b.txt", Body=b"text")
    asked = {"Bucket": "photos", "Key": "out/a b.txt", "ResponseContentDisposition": 'attachment; filename="a b+.txt"'}
    url = s3.generate_presigned_url("get_object", Params=asked)
    response = httpx.get(url)
    assert (response.status_code, response.content) == (200, b"text")
