"""CloudFront through the real boto3: against moto, and against a socket where it has to be refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from edgeroutes.errors import ServiceError
from edgeroutes.services.cloudfront import MAX_ITEMS, CloudFront, deployed_distribution
from tests.fakes.cloudfront import CloudFrontApi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DISTRIBUTION = {
    "CallerReference": "1",
    "Comment": "",
    "Enabled": True,
    "Origins": {
        "Quantity": 1,
        "Items": [
            {
                "Id": "api",
                "DomainName": "a.example",
                "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"},
            }
        ],
    },
    "DefaultCacheBehavior": {"TargetOriginId": "api", "ViewerProtocolPolicy": "allow-all"},
}


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    deployed_distribution.cache_clear()
    yield
    deployed_distribution.cache_clear()


@pytest.fixture
def socket_api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., CloudFrontApi]]:
    """A fake CloudFront that returns the given errors; boto3 calls it."""
    made: list[CloudFrontApi] = []

    def start(*refusals: tuple[int, str]) -> CloudFrontApi:
        made.append(CloudFrontApi(*refusals))
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFRONT", made[-1].url)
        return made[-1]

    yield start
    for api in made:
        api.close()


def make_distribution() -> str:
    config: Any = DISTRIBUTION
    return str(boto3.client("cloudfront").create_distribution(DistributionConfig=config)["Distribution"]["Id"])


@mock_aws
def test_tags_and_paths_are_invalidated_in_one_request() -> None:
    distribution = make_distribution()
    items = ["#products", "#_path:/a", "/a?page=2", "/*"]
    (made,) = CloudFront(distribution).create_invalidations(items)
    client = boto3.client("cloudfront")
    found = client.get_invalidation(DistributionId=distribution, Id=made)["Invalidation"]["InvalidationBatch"]
    assert found["Paths"] == {"Quantity": 4, "Items": items}
    assert found["CallerReference"].startswith("edgeroutes-")


@mock_aws
def test_each_request_has_a_reference_of_its_own() -> None:
    distribution = make_distribution()
    cloudfront = CloudFront(distribution)
    cloudfront.invalidate(["#a"])
    cloudfront.invalidate(["#a"])
    client = boto3.client("cloudfront")
    listed = client.list_invalidations(DistributionId=distribution)["InvalidationList"]["Items"]
    batches = [
        client.get_invalidation(DistributionId=distribution, Id=each["Id"])["Invalidation"]["InvalidationBatch"]
        for each in listed
    ]
    assert len({batch["CallerReference"] for batch in batches}) == 2


@mock_aws
def test_the_distribution_is_found_by_its_parameter_once() -> None:
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name="/app/edgeroutes/distribution", Value="E1", Type="String")
    found = deployed_distribution("", "/app/edgeroutes/distribution")
    assert found.distribution_id == "E1"
    ssm.delete_parameter(Name="/app/edgeroutes/distribution")
    assert deployed_distribution("", "/app/edgeroutes/distribution") is found


@mock_aws
def test_a_missing_resource_is_reported_with_a_hint() -> None:
    with pytest.raises(ServiceError) as caught:
        deployed_distribution("", "/none")
    assert str(caught.value) == (
        "the SSM parameter /none: AWS returned ParameterNotFound: Parameter /none not found. "
        "Deploy with the template of 'edgeroutes template'."
    )
    with pytest.raises(
        ServiceError, match=r"^CloudFront's distribution E0: AWS returned NoSuchDistribution: .* Name one of"
    ):
        CloudFront("E0").invalidate(["#a"])


def test_a_throttled_request_is_repeated_with_the_same_reference(
    socket_api: Callable[..., CloudFrontApi],
) -> None:
    api = socket_api((400, "Throttling"), (503, "ServiceUnavailable"))
    assert CloudFront("E1").create_invalidations(["#a", "/b?c=<&>"]) == ["I3"]
    assert api.paths == ["/2020-05-31/distribution/E1/invalidation"] * 3
    assert api.items == [["#a", "/b?c=<&>"]] * 3
    assert len(set(api.references)) == 1


def test_after_four_attempts_it_gives_up(socket_api: Callable[..., CloudFrontApi]) -> None:
    api = socket_api(*[(400, "Throttling")] * 9)
    with pytest.raises(
        ServiceError, match=r"^CloudFront's distribution E1: AWS returned Throttling: Throttling message\.$"
    ):
        CloudFront("E1").invalidate(["#a"])
    assert len(api.items) == 4


@pytest.mark.parametrize(
    ("status", "code", "hint"),
    [
        (400, "TooManyInvalidationsInProgress", "Call again later; 3,000 items may be in progress"),
        (403, "AccessDenied", "Let its role do that"),
        (404, "NoSuchDistribution", "Name one of this account's"),
    ],
)
def test_a_permanent_error_is_reported_at_once(
    socket_api: Callable[..., CloudFrontApi], status: int, code: str, hint: str
) -> None:
    api = socket_api((status, code))
    with pytest.raises(ServiceError) as caught:
        CloudFront("E1").invalidate(["#a"])
    assert str(caught.value).startswith(f"CloudFront's distribution E1: AWS returned {code}: {code} message. {hint}")
    assert len(api.items) == 1


def test_more_than_fit_go_in_several_requests(socket_api: Callable[..., CloudFrontApi]) -> None:
    api = socket_api()
    assert CloudFront("E1").create_invalidations([f"#t{number}" for number in range(MAX_ITEMS + 1)]) == ["I1", "I2"]
    assert [len(items) for items in api.items] == [MAX_ITEMS, 1]


def test_missing_credentials_and_a_missing_region_are_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(ServiceError, match=r"NoCredentialsError: Unable to locate credentials. Sign in to AWS, or set"):
        CloudFront("E1").invalidate(["#a"])
    with pytest.raises(ServiceError, match=r"^the client for ssm: NoRegionError: .* Set AWS_REGION, or a region in"):
        deployed_distribution("", "/a")
