"""IAM's decisions: the evaluation logic of its user guide, statement by statement, with boundary and conditions."""

from __future__ import annotations

from typing import Any

import pytest

from edgeroutes.local_aws import AccountRegion
from edgeroutes.local_aws.iam.needs import Call
from edgeroutes.local_aws.iam.policies import UNKNOWN, Decision, Question, Role, RolePolicies, Verdict, decide

TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/users"
READ = {"Effect": "Allow", "Action": ["dynamodb:Get*", "dynamodb:Query"], "Resource": TABLE}
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def asked(
    *documents: Any, boundary: Any = None, action: str = "dynamodb:GetItem", resource: str = TABLE, **context: Any
) -> Decision:
    identity = {str(number): {"Statement": each} for number, each in enumerate(documents)}
    policies = RolePolicies(identity=identity, boundary=None if boundary is None else {"Statement": boundary})
    return decide(policies, Question(action=action, resource=resource, context=context.get("context", {})))


def test_nothing_is_allowed_that_no_policy_allows() -> None:
    assert asked().verdict is Verdict.NOT_ALLOWED
    assert asked(READ, action="dynamodb:PutItem").verdict is Verdict.NOT_ALLOWED
    assert asked(READ, resource=f"{TABLE}-2").verdict is Verdict.NOT_ALLOWED
    assert asked(READ, resource="*", action="dynamodb:GetItem").verdict is Verdict.NOT_ALLOWED


def test_one_statement_of_one_policy_is_enough() -> None:
    assert asked([{**READ, "Resource": "arn:aws:s3:::b"}, READ]).verdict is Verdict.ALLOWED
    assert asked({**READ, "Resource": "arn:aws:s3:::b"}, READ).verdict is Verdict.ALLOWED
    assert asked(READ).verdict is Verdict.ALLOWED


def test_a_deny_wins_over_every_allow() -> None:
    assert asked(ALL, {**READ, "Effect": "Deny"}).verdict is Verdict.DENIED
    assert asked({**READ, "Effect": "Deny"}, ALL, action="dynamodb:PutItem").verdict is Verdict.ALLOWED


def test_not_action_and_not_resource_are_all_others() -> None:
    others = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
    assert asked(others).verdict is Verdict.ALLOWED
    assert asked(others, action="iam:PassRole").verdict is Verdict.NOT_ALLOWED
    elsewhere = {"Effect": "Allow", "Action": "*", "NotResource": [TABLE, "arn:aws:s3:::b/*"]}
    assert asked(elsewhere).verdict is Verdict.NOT_ALLOWED
    assert asked(elsewhere, resource="arn:aws:s3:::c/x").verdict is Verdict.ALLOWED


@pytest.mark.parametrize(
    ("pattern", "resource", "is_meant"),
    [
        ("*", TABLE, True),
        ("arn:aws:dynamodb:*:*:table/u*", TABLE, True),
        ("arn:aws:dynamodb:*", TABLE, True),
        ("arn:aws:dynamodb:us-east-1:123456789012:table/user?", TABLE, True),
        ("arn:aws:dynamodb:us-east-1:123456789012:table/user?", f"{TABLE}x", False),
        ("arn:aws:dynamodb:*:table/users", TABLE, True),  # a `*` that ends a part of the ARN may go on
        ("arn:aws:dynamodb:us-*-1:table/users", TABLE, False),  # another stays within its part
        ("arn:aws:s3:*:b/*", "arn:aws:s3:::b/k", True),
        ("arn:aws:s3:*:b/*", "arn:aws:s3:::c/k", False),
        ("arn:aws:dynamodb:us-east-1", TABLE, True),
        ("arn:aws:dynamodb:us-east-1:123456789012:TABLE/users", TABLE, False),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/a:b/c", True),
        ("arn:aws:s3:::b.c/*", "arn:aws:s3:::bxc/k", False),  # a dot is a dot
        ("arn:aws:s3:::b", "arn:aws:s3:::b/k", False),
    ],
)
def test_resources_are_compared_part_by_part(pattern: str, resource: str, is_meant: bool) -> None:
    decision = asked({"Effect": "Allow", "Action": "*", "Resource": pattern}, resource=resource)
    assert decision.verdict is (Verdict.ALLOWED if is_meant else Verdict.NOT_ALLOWED)


def test_actions_have_no_case() -> None:
    assert asked({**READ, "Action": "DynamoDB:getitem"}).verdict is Verdict.ALLOWED


def test_of_a_resource_that_is_known_in_part_an_allow_may_be_meant_and_a_deny_is_not_guessed() -> None:
    part = f"arn:aws:s3:::b/{UNKNOWN}"
    some = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/uploads/*"}
    assert asked(some, action="s3:PutObject", resource=part).verdict is Verdict.ALLOWED
    assert asked(some, action="s3:PutObject", resource=f"arn:aws:s3:::c/{UNKNOWN}").verdict is Verdict.NOT_ALLOWED
    assert asked(ALL, {**some, "Effect": "Deny"}, action="s3:PutObject", resource=part) == Decision(
        verdict=Verdict.UNCERTAIN, unknown=("the resource",)
    )
    anywhere = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:*:b/*"}
    assert asked(anywhere, action="s3:PutObject", resource=part).verdict is Verdict.ALLOWED
    assert asked(ALL, {**ALL, "Effect": "Deny"}, resource=UNKNOWN).verdict is Verdict.DENIED


def test_a_boundary_allows_nothing_and_limits_everything() -> None:
    assert asked(READ, boundary=ALL).verdict is Verdict.ALLOWED
    assert asked(boundary=ALL).verdict is Verdict.NOT_ALLOWED
    assert asked(READ, boundary={**ALL, "Action": "s3:*"}).verdict is Verdict.NOT_ALLOWED_BY_BOUNDARY
    assert asked(READ, boundary=[ALL, {**READ, "Effect": "Deny"}]).verdict is Verdict.DENIED_BY_BOUNDARY


def under(condition: dict[str, Any], context: dict[str, tuple[str, ...]], effect: str = "Allow") -> Decision:
    return asked(
        {**ALL, "Effect": effect, "Condition": condition}, *([] if effect == "Allow" else [ALL]), context=context
    )


CONTEXT = {
    "aws:requestedregion": ("eu-central-1",),
    "s3:prefix": ("home/ann",),
    "aws:sourcearn": (),
    "k": ("1", "2"),
    "n": ("5",),
}
WHEN = {
    **CONTEXT,
    "t": ("2026-11-21T10:00:00Z",),
    "ip": ("10.1.2.3",),
    "yes": ("true",),
    "arn": ("arn:aws:iam::1:role/a/b",),
}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"StringEquals": {"aws:RequestedRegion": ["us-east-1", "eu-central-1"]}}, True),
        ({"StringEquals": {"AWS:REQUESTEDREGION": "EU-central-1"}}, False),
        ({"StringEqualsIgnoreCase": {"aws:RequestedRegion": "EU-central-1"}}, True),
        ({"StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "eu-central-1"]}}, False),
        ({"StringLike": {"s3:prefix": "home/*"}}, True),
        ({"StringNotLike": {"s3:prefix": "home/*"}}, False),
        ({"StringEquals": {"aws:SourceArn": "x"}}, False),
        ({"StringNotEquals": {"aws:SourceArn": "x"}}, True),
        ({"StringEqualsIfExists": {"aws:SourceArn": "x"}}, True),
        ({"Null": {"aws:SourceArn": "true"}}, True),
        ({"Null": {"s3:prefix": True}}, False),
        ({"NumericLessThanEquals": {"n": "5"}}, True),
        ({"NumericGreaterThan": {"n": 5}}, False),
        ({"NumericEquals": {"s3:prefix": "5"}}, False),
        ({"DateGreaterThan": {"t": "2026-01-01T00:00:00Z"}}, True),
        ({"DateLessThan": {"t": "1767225600"}}, False),
        ({"IpAddress": {"ip": ["192.168.0.0/16", "10.0.0.0/8"]}}, True),
        ({"NotIpAddress": {"ip": "10.0.0.0/8"}}, False),
        ({"Bool": {"yes": True}}, True),
        ({"Bool": {"yes": "false"}}, False),
        ({"ArnLike": {"arn": "arn:aws:iam::*:role/a/*"}}, True),
        ({"ArnLike": {"arn": "arn:aws:iam:*:role/a/*"}}, False),  # in a condition it stays
        ({"ArnNotEquals": {"arn": "arn:aws:iam::1:role/a/b"}}, False),
        ({"ForAllValues:StringEquals": {"k": ["1", "2", "3"]}}, True),
        ({"ForAllValues:StringEquals": {"k": ["1"]}}, False),
        ({"ForAnyValue:StringEquals": {"k": ["2"]}}, True),
        ({"ForAllValues:StringEquals": {"aws:SourceArn": "x"}}, True),
        ({"ForAnyValue:StringEquals": {"aws:SourceArn": "x"}}, False),
        ({"ForAnyValue:StringEqualsIfExists": {"aws:SourceArn": "x"}}, False),
        ({"StringEquals": {"aws:RequestedRegion": "eu-central-1"}, "Bool": {"yes": "false"}}, False),
        ({"StringEquals": {"s3:prefix": "home/${aws:SourceArn, 'ann'}"}}, True),
    ],
    ids=str,
)
def test_conditions_hold_or_do_not(condition: dict[str, Any], holds: bool) -> None:
    assert under(condition, WHEN).verdict is (Verdict.ALLOWED if holds else Verdict.NOT_ALLOWED)
    assert under(condition, WHEN, "Deny").verdict is (Verdict.DENIED if holds else Verdict.ALLOWED)


def test_what_a_condition_needs_and_nobody_knows_is_named() -> None:
    unknown = {"StringEquals": {"dynamodb:LeadingKeys": "ann"}}
    assert under(unknown, WHEN) == Decision(verdict=Verdict.UNCERTAIN, unknown=("dynamodb:LeadingKeys",))
    assert under(unknown, WHEN, "Deny") == Decision(verdict=Verdict.UNCERTAIN, unknown=("dynamodb:LeadingKeys",))
    assert under({**unknown, "Bool": {"yes": "false"}}, WHEN).verdict is Verdict.NOT_ALLOWED
    assert under({"StringMatches": {"n": "5"}}, WHEN).unknown == ("StringMatches of n",)
    assert asked(READ, {**ALL, "Condition": unknown}).verdict is Verdict.ALLOWED


def test_variables_are_filled_in_and_their_wildcards_are_plain() -> None:
    own = {**ALL, "Resource": "arn:aws:s3:::b/${aws:PrincipalAccount}/*"}
    at = "arn:aws:s3:::b/123456789012/k"
    assert asked(own, resource=at, context={"aws:principalaccount": ("123456789012",)}).verdict is Verdict.ALLOWED
    assert asked(own, resource=at, context={"aws:principalaccount": ("*",)}).verdict is Verdict.NOT_ALLOWED
    assert asked(own, resource=at) == Decision(verdict=Verdict.UNCERTAIN, unknown=("aws:PrincipalAccount",))
    nobody = {**ALL, "Resource": "arn:aws:s3:::b/${aws:username}/*"}
    assert asked(nobody, resource="arn:aws:s3:::b//k", context={"aws:username": ()}).verdict is Verdict.NOT_ALLOWED
    assert asked({**ALL, "Resource": "arn:aws:s3:::b/${*}"}, resource="arn:aws:s3:::b/*").verdict is Verdict.ALLOWED
    assert asked({**ALL, "Resource": "arn:aws:s3:::b/${*}"}, resource="arn:aws:s3:::b/x").verdict is Verdict.NOT_ALLOWED


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
