"""Whose role API Gateway logs by in this account and region: a stack that sets it replaces the one that is there. Roof; asks AWS."""

from __future__ import annotations

from typing import Any

from edgeroutes.template.api import ACCOUNT_ROLE

_PATIENCE_S = 3
# CloudFormation's code for a stack, or a resource of it, that does not exist.
_ABSENT = "ValidationError"


def find_foreign_role(region: str, stack_name: str) -> str:
    """The role that a deploy of this stack would replace as the account's role for API Gateway's logs; empty where there is none.

    Args:
        region: Where the stack is, or will be.
        stack_name: Its name.

    Raises:
        ConnectionError: AWS cannot be asked, with the reason.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    settings = Config(connect_timeout=_PATIENCE_S, read_timeout=_PATIENCE_S, retries={"total_max_attempts": 1})
    try:
        account = boto3.client("apigateway", region_name=region, config=settings).get_account()
        role: str = account.get("cloudwatchRoleArn") or ""
        if not role:
            return ""
        own = _own_role_name(boto3.client("cloudformation", region_name=region, config=settings), stack_name)
    except (BotoCoreError, ClientError) as err:
        raise ConnectionError(str(err)) from err
    return "" if role.rpartition("/")[2] == own else role


def _own_role_name(cloudformation: Any, stack_name: str) -> str:
    """The name of the role that the stack has made; empty where there is no such stack, or it has made none."""
    from botocore.exceptions import ClientError

    try:
        found = cloudformation.describe_stack_resource(StackName=stack_name, LogicalResourceId=ACCOUNT_ROLE)
    except ClientError as err:
        if err.response.get("Error", {}).get("Code") == _ABSENT:
            return ""
        raise
    return str(found["StackResourceDetail"].get("PhysicalResourceId") or "")
