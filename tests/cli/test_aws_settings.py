from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeroutes.cli.aws_settings import find_credentials, find_region

if TYPE_CHECKING:
    from pathlib import Path

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "very-secret"}
CONFIG = """\
[default]
region = eu-central-1
[profile work]
sso_session = corp
region = us-east-1
[profile batch]
credential_process = /bin/false
[profile bare]
output = json
[sso-session corp]
sso_start_url = https://example.awsapps.com/start
"""
CREDENTIALS = "[default]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = very-secret\n"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "config").write_text(CONFIG)
    (tmp_path / "credentials").write_text(CREDENTIALS)
    return {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "an access key of profile 'default'"),
        (KEYS, "an access key in the environment"),
        ({**KEYS, "AWS_PROFILE": "work"}, "SSO of profile 'work'"),
        ({"AWS_PROFILE": "batch"}, "a program of profile 'batch'"),
        ({"AWS_PROFILE": "bare"}, ""),
        ({"AWS_PROFILE": "nobody"}, ""),
        ({"AWS_ROLE_ARN": "arn", "AWS_WEB_IDENTITY_TOKEN_FILE": "/t"}, "a web identity in the environment"),
        ({"AWS_PROFILE": "bare", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://x"}, "a container's role"),
    ],
)
def test_the_place_of_the_credentials_is_named_and_never_a_secret(
    files: dict[str, str], environment: dict[str, str], said: str
) -> None:
    assert find_credentials({**files, **environment}) == said


def test_without_files_or_with_broken_ones_there_are_none(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "no")
    assert find_credentials({"AWS_CONFIG_FILE": nowhere, "AWS_SHARED_CREDENTIALS_FILE": nowhere}) == ""
    (tmp_path / "broken").write_text("[default\nx")
    broken = {"AWS_CONFIG_FILE": str(tmp_path / "broken"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "broken")}
    assert (find_credentials(broken), find_region(broken, tmp_path)) == ("", "")


def test_the_region_is_samconfigs_then_the_environments_then_the_profiles(
    files: dict[str, str], tmp_path: Path
) -> None:
    environment = {**files, "AWS_DEFAULT_REGION": "ap-south-1"}
    assert find_region(files, tmp_path) == "eu-central-1, from profile 'default'"
    assert find_region({**files, "AWS_PROFILE": "work"}, tmp_path) == "us-east-1, of profile 'work'"
    # The SAM CLI reads no AWS_REGION.
    assert find_region({"AWS_REGION": "ap-south-1", "AWS_CONFIG_FILE": "/no"}, tmp_path) == ""
    assert find_region(environment, tmp_path) == "ap-south-1, from AWS_DEFAULT_REGION"
    (tmp_path / "samconfig.toml").write_text('[default.global.parameters]\nregion = "eu-north-1"\n')
    assert find_region(environment, tmp_path) == "eu-north-1, from samconfig.toml"
