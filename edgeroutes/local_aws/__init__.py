"""Local AWS: a project's resources in moto, for `edgeroutes dev` and for tests.

What flows through::

    template.yaml      template    without code, and without an API that nothing refers to
        │
        ▼
    stack.Cloud        boto3 ─────────► moto: the mock of this process, or a server of its own (server)
        │                                 engine      its CloudFormation, with SAM's transform and {{resolve:…}}
        │                                 models      the resource types that it lacks or implements in part
        ▼
    seeds.Data         infra/seed/*     the contents of tables, buckets, queues, secrets and parameters
        │
        ▼
    Cloud.environment_of("HelloFunction")     the function's environment variables

    iam.enforcement.enforce(cloud, "HelloFunction")       checks its calls against its policies

`stack.start_cloud` runs all of it except the last. The same engine takes what `sam deploy` sends.
"""

from __future__ import annotations

from dataclasses import dataclass

HOST = "127.0.0.1"
REGION = "us-east-1"
OWN_ACCESS_KEY = "edgeroutes-dev"
"""Signs the requests that create the resources; only other requests wait for the resources."""
NO_MODEL = "nothing-in-moto-"
"""The beginning of the physical ids of resources that moto has no model for."""


@dataclass(frozen=True, slots=True)
class AccountRegion:
    """An account and a region, as ARNs and moto's backends name them."""

    account_id: str
    region_name: str
    partition: str = "aws"

    def arn(self, service: str, resource: str, *, region: str | None = None, account: str | None = None) -> str:
        """An ARN here; S3's have neither region nor account, CloudFront's no region."""
        if resource.startswith("arn:"):
            return resource
        region = self.region_name if region is None else region
        account = self.account_id if account is None else account
        return f"arn:{self.partition}:{service}:{region}:{account}:{resource}"
