"""`edgeroutes revalidate`, through the real boto3 against sockets that speak as AWS does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from edgeroutes.cli import main
from tests.fakes.cloudformation import CloudFormationApi
from tests.fakes.cloudfront import CloudFrontApi

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def cloudfront(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudFrontApi]:
    stacks = CloudFormationApi({"shop": {"ApiUrl": "x", "DistributionId": "E1"}, "other": {"Something": "else"}})
    api = CloudFrontApi()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL_CLOUDFORMATION": stacks.url,
        "AWS_ENDPOINT_URL_CLOUDFRONT": api.url,
    }.items():
        monkeypatch.setenv(name, value)
    yield api
    stacks.close()
    api.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    settings = '[tool.edgeroutes]\nname = "shop"\nbase_path = "/shop"\ntrailing_slash = true\n'
    (tmp_path / "pyproject.toml").write_text(settings)
    return tmp_path


def test_tags_and_paths_are_invalidated_in_the_distribution_of_the_projects_stack(
    root: Path, cloudfront: CloudFrontApi, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--tag", "products", "--tag", "products", "--path", "/a/", "--path", "/b?page=2", "--root", str(root)]
    assert main(["revalidate", *arguments]) == 0
    items = ["#products", "#_path:/a", "/shop/b/?page=2"]
    assert (cloudfront.paths, cloudfront.items) == (["/2020-05-31/distribution/E1/invalidation"], [items])
    assert capsys.readouterr() == ("E1: invalidated #products, #_path:/a, /shop/b/?page=2 (invalidation I1)\n", "")


def test_everything_is_invalidated_in_the_distribution_that_is_named(
    root: Path, cloudfront: CloudFrontApi, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["revalidate", "--all", "--distribution", "E2", "--json", "--root", str(root)]) == 0
    assert (cloudfront.paths, cloudfront.items) == (["/2020-05-31/distribution/E2/invalidation"], [["/*"]])
    document = {"distribution": "E2", "invalidations": ["I1"], "items": ["/*"]}
    assert json.loads(capsys.readouterr().out) == document


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--all", "--stack", "none"],
            "stack 'none': AWS returned ValidationError: Stack with id none does not exist. Name the stack",
        ),
        (["--all", "--stack", "other"], "stack 'other': it has no output DistributionId. Name another stack with"),
        (["--tag", "a b"], "--tag: tag 'a b' has a character that CloudFront does not accept."),
        (["--path", "a"], "revalidate_path(): 'a' is not a path of this host."),
    ],
)
def test_an_invalid_request_is_reported_with_what_to_do(
    root: Path, cloudfront: CloudFrontApi, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["revalidate", *arguments, "--root", str(root)]) == 1
    output, errors = capsys.readouterr()
    assert (output, cloudfront.items) == ("", [])
    assert errors.startswith(said)


def test_without_credentials_it_says_so(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(root))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert main(["revalidate", "--all", "--root", str(root)]) == 1
    assert capsys.readouterr().err == (
        "stack 'shop': NoCredentialsError: Unable to locate credentials. Sign in to AWS, or set AWS_PROFILE.\n"
    )


@pytest.mark.parametrize("arguments", [[], ["--all", "--tag", "a"], ["--all", "--stack", "a", "--distribution", "E1"]])
def test_what_to_invalidate_and_where_must_be_clear(root: Path, arguments: list[str]) -> None:
    assert main(["revalidate", *arguments, "--root", str(root)]) == 2
