"""CloudFront invalidations through boto3; loads when there is something to invalidate.

Source: docs.aws.amazon.com/AmazonCloudFront "invalidation-by-tags", "cloudfront-limits", API_CreateInvalidation (read 2026-11-21).
"""

from __future__ import annotations

import os
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from edgeroutes.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Sequence

# The maximum in progress at once, and per request.
MAX_ITEMS = 3_000
_ATTEMPTS = 4
_CONNECT_TIMEOUT_S = 3
_READ_TIMEOUT_S = 10
_making = Lock()


class CloudFront:
    """One distribution, as an `Invalidator`.

    Args:
        distribution_id: Its id.
        client: A boto3 client; the default one retries throttled and failed requests with growing pauses.
    """

    def __init__(self, distribution_id: str, client: Any = None) -> None:
        self.distribution_id = distribution_id
        self._client = client or make_client("cloudfront")

    def invalidate(self, items: Sequence[str]) -> None:
        """Invalidate paths and `#tags`.

        Raises:
            ServiceError: AWS refused, or could not be reached.
        """
        self.create_invalidations(items)

    def create_invalidations(self, items: Sequence[str]) -> list[str]:
        """Invalidate paths and `#tags`; returns the ids of the invalidations, each of at most 3,000 items.

        Raises:
            ServiceError: AWS refused, or could not be reached.
        """
        made = []
        for start in range(0, len(items), MAX_ITEMS):
            chunk = [*items[start : start + MAX_ITEMS]]
            batch = {
                "Paths": {"Quantity": len(chunk), "Items": chunk},
                "CallerReference": f"edgeroutes-{os.urandom(12).hex()}",  # the same in every attempt, so AWS runs it once
            }
            try:
                response = self._client.create_invalidation(
                    DistributionId=self.distribution_id, InvalidationBatch=batch
                )
            except Exception as error:
                raise service_error(error, f"CloudFront's distribution {self.distribution_id}") from error
            made.append(str(response["Invalidation"]["Id"]))
        return made


@cache
def deployed_distribution(distribution_id: str, parameter: str) -> CloudFront:
    """The distribution in front of this function, read once per sandbox.

    Args:
        distribution_id: Its id, if known.
        parameter: Else the name of the SSM parameter with the id.

    Raises:
        ServiceError: The parameter cannot be read.
    """
    if not distribution_id:
        ssm = make_client("ssm")
        try:
            distribution_id = ssm.get_parameter(Name=parameter)["Parameter"]["Value"]
        except Exception as error:
            raise service_error(error, f"the SSM parameter {parameter}") from error
    return CloudFront(distribution_id)


def make_client(service: str) -> Any:
    """A boto3 client with retries.

    Raises:
        ServiceError: boto3 is missing or not configured.
    """
    try:
        from boto3.session import Session
        from botocore.config import Config

        retries: Any = {"mode": "standard", "total_max_attempts": _ATTEMPTS}
        config = Config(retries=retries, connect_timeout=_CONNECT_TIMEOUT_S, read_timeout=_READ_TIMEOUT_S)
        region = os.environ.get("AWS_REGION")  # Lambda sets it, but boto3 does not read it
        with _making:  # creating a client is not thread-safe; using one is
            client: Any = Session(region_name=region).client(service, config=config)
    except Exception as error:
        raise service_error(error, f"the client for {service}") from error
    return client


_HINTS = {
    "AccessDenied": "Let its role do that: 'edgeroutes template' does so for functions whose code is seen to revalidate",
    "ExpiredToken": "Sign in to AWS again",
    "NoSuchDistribution": "Name one of this account's",
    "ParameterNotFound": "Deploy with the template of 'edgeroutes template'",
    "ValidationError": "Name the stack that was deployed, and its region with AWS_REGION",  # CloudFormation's error for a missing stack
    "TooManyInvalidationsInProgress": f"Call again later; {MAX_ITEMS:,} items may be in progress, of which tags and paths count alike",
}
_ALIKE = {"AccessDeniedException": "AccessDenied", "ExpiredTokenException": "ExpiredToken"}
_CONFIGURATION = {
    "NoCredentialsError": "Sign in to AWS, or set AWS_PROFILE",
    "NoRegionError": "Set AWS_REGION, or a region in the profile",
    "ProfileNotFound": "Set AWS_PROFILE to a profile of ~/.aws/config",
    "ModuleNotFoundError": "Install boto3",
}


def service_error(error: Exception, where: str) -> ServiceError:
    """boto3's exception as an error with a hint, chosen by its code or name.

    Args:
        error: A `ClientError`, or another exception of botocore.
        where: The operation.
    """
    response: Any = getattr(error, "response", None)
    if isinstance(response, dict) and "Error" in response:
        code = str(response["Error"].get("Code", ""))
        said = str(response["Error"].get("Message", "")).rstrip(". ")
        return ServiceError(f"AWS returned {code}: {said}", where=where, hint=_HINTS.get(_ALIKE.get(code, code), ""))
    name = type(error).__name__
    return ServiceError(f"{name}: {str(error).rstrip('. ')}", where=where, hint=_CONFIGURATION.get(name, ""))
