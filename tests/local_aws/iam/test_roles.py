"""What conditions can know of a call under a function's role: present, absent, or not known."""

from __future__ import annotations

from edgeroutes.local_aws import AccountRegion
from edgeroutes.local_aws.iam.needs import Call
from edgeroutes.local_aws.iam.policies import RolePolicies
from edgeroutes.local_aws.iam.roles import Role

ROLE = Role(
    arn="arn:aws:iam::123456789012:role/path/shop-role",
    function_arn="arn:aws:lambda:eu-central-1:123456789012:function:shop",
    policies=RolePolicies(),
)
PLACE = AccountRegion(account_id="123456789012", region_name="eu-central-1")


def test_a_key_has_its_value_or_is_absent_or_is_not_known() -> None:
    call = Call(prefix="s3", operation="ListObjectsV2", parameters={"Bucket": "b", "Prefix": "k/"}, place=PLACE)
    known = ROLE.context(call)
    assert (known["aws:principalarn"], known["s3:prefix"]) == ((ROLE.arn,), ("k/",))
    assert (known["aws:username"], known["aws:multifactorauthage"], known["s3:delimiter"]) == ((), (), ())
    # Lambda's credentials are temporary ones, which have it, or have not.
    assert {"aws:multifactorauthpresent", "aws:sourceip", "aws:principalorgid"}.isdisjoint(known)


def test_the_session_is_called_as_the_function() -> None:
    assert ROLE.session_arn == "arn:aws:sts::123456789012:assumed-role/shop-role/shop"
