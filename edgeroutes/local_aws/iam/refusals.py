"""A call that AWS would refuse: the error that boto3 raises then, and what its author has to do. Floor 3."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgeroutes.local_aws.iam.patterns import shown

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.exceptions import ClientError

    from edgeroutes.local_aws.iam.needs import Need
    from edgeroutes.local_aws.iam.policies import Verdict

# Where a service has a code of its own. Source: github.com/aws-ia/terraform-aws-control_tower_account_factory/issues/151 for SNS; EC2's
# from memory. SQS's, which is that of XML: github.com/aws/serverless-application-model/issues/3633.
_CODES = {"ec2": "UnauthorizedOperation", "sns": "AuthorizationError"}
_OF_XML = frozenset({"query", "rest-xml", "ec2"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A call that the function's role may not make.

    Args:
        logical_id: The function.
        where: The line that made it, or the function where no line of the project did.
        need: The action and the resource.
        verdict: Why not.
        resource_name: What to call the resource: `Users`, or its ARN.
        hint: What to do about it, as an imperative.
    """

    logical_id: str
    where: str
    need: Need
    verdict: Verdict
    resource_name: str
    hint: str

    def __str__(self) -> str:
        said = f"{self.where}: it calls {self.need.action} on {self.resource_name}, which {self.logical_id} may not"
        return f"{said}. {self.hint}."


def make_error(client: BaseClient, operation: str, principal: str, refusal: Refusal) -> ClientError:
    """What boto3 raises when AWS refuses: code, text and status of the service, in its own exception class where it has one."""
    model = client.meta.service_model
    code, status = _code_and_status(model.service_name, model.metadata)
    text = _message(principal, refusal)
    if operation.startswith("Head"):  # an answer to HEAD has no body
        code, text = "403", "Forbidden"
    answer = {
        "Error": {"Code": code, "Message": text},
        "ResponseMetadata": {
            "RequestId": str(uuid.uuid4()),
            "HTTPStatusCode": status,
            "HTTPHeaders": {},
            "RetryAttempts": 0,
        },
    }
    make: Any = client.exceptions.from_code(code)
    error: ClientError = make(answer, operation)
    error.add_note(str(refusal))
    return error


def _code_and_status(service_name: str, metadata: dict[str, Any]) -> tuple[str, int]:
    is_xml = metadata["protocol"] in _OF_XML or "awsQueryCompatible" in metadata
    code = _CODES.get(service_name) or ("AccessDenied" if is_xml else "AccessDeniedException")
    return code, 400 if metadata["protocol"] == "json" and not is_xml else 403


def _message(principal: str, refusal: Refusal) -> str:
    action, resource = refusal.need.action, shown(refusal.need.resource)
    prefix, _, name = action.partition(":")
    if prefix == "sqs":
        action = action.lower()
    elif prefix == "sns":
        action = f"SNS:{name}"
    elif prefix == "s3":
        resource = f'"{resource}"'
    why = refusal.verdict.format(action=action)
    return f"User: {principal} is not authorized to perform: {action} on resource: {resource} {why}"
