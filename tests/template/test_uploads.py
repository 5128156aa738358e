"""What `Uploads` in a project's files adds to its template, and what a route can do with it in local AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.errors import ConfigError
from edgeroutes.pipeline import project_template
from edgeroutes.template.transform import parse_template
from edgeroutes.testing import Aws, RouteClient
from edgeroutes.testing.client import Functions
from tests.testing.projects import write_project

if TYPE_CHECKING:
    from pathlib import Path

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(20)
BUCKET = "Resources:\n  Photos:\n    Type: AWS::S3::Bucket\n"
SHARED = (
    "from edgeroutes.uploads import Uploads\n\nphotos = Uploads('Photos', types=('image/png',), max_bytes=5 * 1000)\n"
)
ROUTE = (
    "from edgeroutes import CORS\nfrom functions._shared.files import photos\n\ncors = CORS('https://app.example')\n\n\n"
    "def POST():\n    return photos.presigned_post('a.png', 'image/png')\n\n\n"
    "async def PUT(key: str):\n    upload = await photos.claim(key, 'photos/1')\n"
    "    return [upload.key, upload.size_bytes, upload.content_type]\n"
)
FILES = {
    "functions/_shared/files.py": SHARED,
    "functions/photos/route.py": ROUTE,
    "functions/hello/route.py": "def GET():\n    return 1\n",
    "infra/photos.yaml": BUCKET,
}
ALL = {"Fn::Sub": "${Photos.Arn}/*"}
INCOMING = {"Fn::Sub": "${Photos.Arn}/incoming/*"}
RULE = {
    "Id": "unclaimed-incoming",
    "Status": "Enabled",
    "Prefix": "incoming/",
    "ExpirationInDays": 1,
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
}
CORS = {
    "CorsRules": [
        {
            "AllowedOrigins": ["https://app.example"],
            "AllowedMethods": ["POST", "PUT"],
            "AllowedHeaders": ["*"],
            "ExposedHeaders": ["ETag"],
            "MaxAge": 3600,
        }
    ]
}


def resources(root: Path, files: dict[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = parse_template(project_template(write_project(root, files)).text)["Resources"]
    return made


def statements(found: dict[str, Any], role: str) -> list[dict[str, Any]]:
    """What a role may do besides writing logs."""
    policies = found[role]["Properties"]["Policies"]
    return [
        each for policy in policies if policy["PolicyName"] != "logs" for each in policy["PolicyDocument"]["Statement"]
    ]


def test_a_function_gets_the_buckets_name_and_the_permissions_for_the_methods_it_calls(tmp_path: Path) -> None:
    found = resources(tmp_path, FILES)
    variables = found["PhotosFunction"]["Properties"]["Environment"]["Variables"]
    assert variables["EDGEROUTES_BUCKET_Photos"] == {"Ref": "Photos"}
    assert statements(found, "PhotosFunctionRole") == [
        {"Effect": "Allow", "Action": ["s3:PutObject"], "Resource": ALL},
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:DeleteObject"], "Resource": INCOMING},
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": {"Fn::GetAtt": ["Photos", "Arn"]},
            "Condition": {"StringLike": {"s3:prefix": "incoming/*"}},
        },
    ]
    assert "EDGEROUTES_BUCKET_Photos" not in str(found["HelloFunction"])


def test_a_function_that_only_signs_may_only_put_below_the_prefix(tmp_path: Path) -> None:
    found = resources(tmp_path, {**FILES, "functions/photos/route.py": ROUTE.partition("async def")[0]})
    assert statements(found, "PhotosFunctionRole") == [
        {"Effect": "Allow", "Action": ["s3:PutObject"], "Resource": INCOMING}
    ]


def test_the_bucket_gets_cors_of_the_route_and_a_rule_for_what_nobody_claims(tmp_path: Path) -> None:
    found = resources(tmp_path, FILES)
    assert found["Photos"]["Properties"] == {"LifecycleConfiguration": {"Rules": [RULE]}, "CorsConfiguration": CORS}


def test_the_buckets_own_cors_and_rules_stay(tmp_path: Path) -> None:
    own = (
        "    Properties:\n      CorsConfiguration: {CorsRules: [{AllowedOrigins: ['https://own.example'], AllowedMethods: [PUT]}]}\n"
        "      LifecycleConfiguration: {Rules: [{Id: own, Status: Enabled, Prefix: incoming/, ExpirationInDays: 7}]}\n"
    )
    found = resources(tmp_path, {**FILES, "infra/photos.yaml": BUCKET + own})
    assert found["Photos"]["Properties"] == {
        "CorsConfiguration": {"CorsRules": [{"AllowedOrigins": ["https://own.example"], "AllowedMethods": ["PUT"]}]},
        "LifecycleConfiguration": {
            "Rules": [{"Id": "own", "Status": "Enabled", "Prefix": "incoming/", "ExpirationInDays": 7}]
        },
    }


@pytest.mark.parametrize(
    ("rule", "lacks"),
    [
        ("{AllowedOrigins: ['https://*.example'], AllowedMethods: [POST]}", []),
        ("{AllowedOrigins: ['*'], AllowedMethods: [PUT]}", ["POST for https://app.example"]),
        ("{AllowedOrigins: ['https://other.example'], AllowedMethods: [POST]}", ["POST for https://app.example"]),
        ("{AllowedOrigins: [!Ref Other], AllowedMethods: [PUT]}", []),
    ],
)
def test_a_buckets_own_cors_that_keeps_pages_from_sending_is_a_warning(
    tmp_path: Path, rule: str, lacks: list[str]
) -> None:
    own = f"    Properties:\n      CorsConfiguration:\n        CorsRules: [{rule}]\nParameters: {{Other: {{Type: String}}}}\n"
    warnings = project_template(write_project(tmp_path, {**FILES, "infra/photos.yaml": BUCKET + own})).warnings
    found = [(each.where, each.problem) for each in warnings if "CORS" in each.problem]
    expected = [f"the CORS of Photos lacks {lack}, which uploads of PhotosFunction need" for lack in lacks]
    assert found == [("infra/photos.yaml:5", each) for each in expected]


@pytest.mark.parametrize(
    "call", ["Uploads(NAME, types=[], max_bytes=1)", "Uploads('Photos', prefix=NAME, types=[], max_bytes=1)"]
)
def test_a_bucket_or_prefix_that_is_not_a_literal_is_an_error_with_its_line(tmp_path: Path, call: str) -> None:
    with pytest.raises(ConfigError, match=r"functions/_shared/files.py:2: the bucket or the prefix of Uploads"):
        resources(
            tmp_path,
            {**FILES, "functions/_shared/files.py": f"from edgeroutes.uploads import Uploads\nphotos = {call}\n"},
        )


def test_a_bucket_that_infra_does_not_have_is_an_error_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        resources(tmp_path, {**FILES, "functions/_shared/files.py": SHARED.replace("Photos", "Photo")})
    expected = "functions/photos/route.py: infra/ has no bucket 'Photo', which Uploads names. Did you mean 'Photos'?"
    assert str(caught.value) == expected


def test_a_route_signs_and_claims_an_upload_under_its_own_permissions(tmp_path: Path) -> None:
    import requests  # moto responds to it, without network

    functions = Functions(write_project(tmp_path, FILES))
    made = Aws(functions)
    with made.for_one_test() as aws:
        aws(enforce_iam=True)
        client = RouteClient(functions=functions)
        signed = client.post("/photos").json()
        sent = requests.post(signed["url"], data=signed["fields"], files={"file": ("a.png", PNG)}, timeout=5)
        claimed = client.put("/photos", params={"key": signed["key"]})
        again = client.put("/photos", params={"key": signed["key"]})
        functions.close()
    made.close()
    assert (sent.status_code, claimed.json(), again.status_code) == (204, ["photos/1", len(PNG), "image/png"], 404)
