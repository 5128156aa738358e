"""A function's role in the stack, and what its policies decide on one action on one resource, as IAM does.

An explicit Deny wins; then an identity-based policy has to allow the call, and so has the permissions boundary, if there is one.
Policies of resources, of the organization and of sessions are not evaluated. A condition on something that is not known here is
reported, not guessed. moto's own evaluation is not used: it takes a condition that does not hold for a Deny, has no NotResource and
no `?`, and checks all actions on the resource `*` (moto 5.2, iam/access_control.py).

Source: IAM's user guide, "Policy evaluation logic", "IAM JSON policy elements: Resource" (a copy of March 2026), "Condition
operators", "Variables and tags" and "Creating a Condition That Tests Multiple Key Values", as github.com/awsdocs/iam-user-guide has
them (until 2023); for `ForAnyValue` of an absent key also iam.cloudcopilot.io/resources/operators; that a pattern with fewer parts
has `*` for the rest is from memory.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

from edgeroutes.local_aws import AccountRegion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from edgeroutes.local_aws.iam.needs import Call
    from edgeroutes.local_aws.stack import Cloud


UNKNOWN = "\ue002"
"""An unknown part of a value, such as the key of an object that the source does not name."""
_ARN_PARTS = 6
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_LITERALS = {"*": "*", "?": "?", "$": "$"}
# In a variable's value, characters that policies cannot contain stand for wildcards, which are compared literally.
_PLAIN = {"*": "\ue000", "?": "\ue001"}
_NOTHING = "\ue003"  # for a variable without a value: nothing matches it


def matches(pattern: str, value: str, *, ignores_case: bool = False) -> bool:
    """Whether the value matches the pattern, in which `*` stands for any characters and `?` for one."""
    return _compiled(pattern, ignores_case).fullmatch(value) is not None


def _arn_matches(pattern: str, arn: str) -> bool:
    """Whether an ARN matches a condition's pattern, part by part: `*` does not match a colon of the first five parts.

    A pattern with fewer parts has `*` for the rest. Anything but an ARN, such as `*` itself, is compared as a whole.
    """
    patterns, parts = _parts(pattern, arn)
    patterns += ["*"] * (len(parts) - len(patterns))
    return all(map(matches, patterns, parts))


def _resource_matches(pattern: str, arn: str) -> bool:
    """Whether an ARN matches a statement's `Resource`: as `arn_matches`, but a `*` at the end of a part may match colons."""
    return _run_on(*_parts(pattern, arn), matches)


def resource_may_match(pattern: str, arn: str) -> bool:
    """Whether an ARN can match a statement's `Resource`, for some value of `UNKNOWN`."""
    return _run_on(*_parts(pattern, arn), _overlap)


def _parts(pattern: str, arn: str) -> tuple[list[str], list[str]]:
    if not (pattern.startswith("arn:") and arn.startswith("arn:")):
        return [pattern], [arn]
    return pattern.split(":", _ARN_PARTS - 1), arn.split(":", _ARN_PARTS - 1)


def _run_on(patterns: list[str], parts: list[str], test: Callable[[str, str], bool]) -> bool:
    if not patterns:
        return True
    if not parts:
        return False
    if test(patterns[0], parts[0]) and _run_on(patterns[1:], parts[1:], test):
        return True
    goes_on = patterns[0].endswith("*") and len(parts) > 1
    return goes_on and _run_on(patterns, [":".join(parts[:2]), *parts[2:]], test)


@lru_cache(maxsize=4096)
def _overlap(pattern: str, value: str) -> bool:
    """Whether some string matches both, for any value of `UNKNOWN`: `jobs-*` and `<unknown>-live` have `jobs-live`."""
    reached = {(0, 0)}
    waiting = [(0, 0)]
    while waiting:
        i, j = waiting.pop()
        ours, theirs = pattern[i : i + 1], value[j : j + 1]
        steps = []
        if ours == "*":
            steps += [(i + 1, j), *([(i, j + 1)] if theirs else [])]
        if theirs == UNKNOWN:
            steps += [(i, j + 1), *([(i + 1, j)] if ours else [])]
        if ours and theirs and (ours in ("?", theirs)):
            steps.append((i + 1, j + 1))
        fresh = set(steps) - reached
        reached |= fresh
        waiting += fresh
    return (len(pattern), len(value)) in reached


def _fill_variables(text: str, context: Mapping[str, tuple[str, ...]]) -> tuple[str, tuple[str, ...]]:
    """The text with the policy's variables filled in, and the names of the unknown ones.

    Args:
        text: Such as `arn:aws:s3:::shop/${aws:PrincipalAccount}/*`; `${*}`, `${?}` and `${$}` are those characters.
        context: Lower-case key → its values; none where the request has no such key.
    """
    unknown: list[str] = []

    def fill(found: re.Match[str]) -> str:
        name, _, default = (part.strip() for part in found[1].partition(","))
        if name in _LITERALS:
            return _PLAIN.get(name, name)
        values = context.get(name.lower())
        if values is None:
            unknown.append(name)
            return found[0]
        value = values[0] if values else default.strip("'") or _NOTHING
        return "".join(_PLAIN.get(each, each) for each in value)

    return _VARIABLE.sub(fill, text), tuple(unknown)


def shown(value: str) -> str:
    """The value with `*` for what is not known."""
    return value.replace(UNKNOWN, "*")


@lru_cache(maxsize=4096)
def _compiled(pattern: str, ignores_case: bool) -> re.Pattern[str]:  # noqa: FBT001
    wild = {"*": ".*", "?": ".", **{mark: re.escape(plain) for plain, mark in _PLAIN.items()}}
    text = "".join(wild.get(each) or re.escape(each) for each in pattern)
    return re.compile(text, re.DOTALL | (re.IGNORECASE if ignores_case else 0))


def _weigh_conditions(
    block: Mapping[str, Any], context: Mapping[str, tuple[str, ...]]
) -> tuple[bool | None, tuple[str, ...]]:
    """Whether all conditions hold; None, and the keys, where that is not known.

    Args:
        block: The statement's `Condition`: operator → key → value or values.
        context: The known keys of the call.
    """
    unknown: list[str] = []
    for name, keys in block.items():
        for key, expected in keys.items():
            holds, missing = _weigh_condition(name, key, _texts(expected), context)
            if holds is False:
                return False, ()
            unknown += missing
    return (None, tuple(dict.fromkeys(unknown))) if unknown else (True, ())


def _weigh_condition(
    name: str, key: str, expected: list[str], context: Mapping[str, tuple[str, ...]]
) -> tuple[bool | None, tuple[str, ...]]:
    found = context.get(key.lower())
    if found is None:
        return None, (key,)
    kind = name.rpartition(":")[2].removesuffix("IfExists")
    if kind == "Null":
        return (not found) is (expected[0].lower() == "true"), ()
    if kind not in _OPERATORS:
        return None, (f"{name} of {key}",)
    filled = [_fill_variables(each, context) for each in expected]
    unknown = tuple(variable for _, variables in filled for variable in variables)
    if unknown:
        return None, unknown
    return _holds(name, kind, found, [text for text, _ in filled]), ()


def _holds(name: str, kind: str, found: tuple[str, ...], expected: list[str]) -> bool:
    quantifier, is_negated, test = name.rpartition(":")[0], "Not" in kind, _OPERATORS[kind]
    if not found:  # a negating operator holds where the key is absent, but not for any of its values
        return quantifier == "ForAllValues" if quantifier else is_negated or name.endswith("IfExists")

    def one(value: str) -> bool:
        return any(_safely(test, each, value) for each in expected) is not is_negated

    return all(map(one, found)) if quantifier == "ForAllValues" else any(map(one, found))


def _safely(test: Callable[[str, str], bool], expected: str, value: str) -> bool:
    """A value that is not a number, date or address matches none."""
    try:
        return test(expected, value)
    except ValueError:
        return False


def _texts(expected: Any) -> list[str]:
    values = expected if isinstance(expected, list) else [expected]
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in values]


def _by(read: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> Callable[[str, str], bool]:
    return lambda expected, value: compare(read(value), read(expected))


def _date(text: str) -> datetime:
    if text.isdigit():
        return datetime.fromtimestamp(int(text), UTC)
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _in_network(expected: str, value: str) -> bool:
    return ip_address(value) in ip_network(expected, strict=False)


_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "NotEquals": operator.eq,  # `_holds` negates
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": operator.eq,
    "StringNotEquals": operator.eq,
    "StringEqualsIgnoreCase": _by(str.casefold, operator.eq),
    "StringNotEqualsIgnoreCase": _by(str.casefold, operator.eq),
    "StringLike": matches,
    "StringNotLike": matches,
    "ArnEquals": _arn_matches,
    "ArnLike": _arn_matches,
    "ArnNotEquals": _arn_matches,
    "ArnNotLike": _arn_matches,
    "Bool": _by(str.lower, operator.eq),
    "IpAddress": _in_network,
    "NotIpAddress": _in_network,
    **{f"Numeric{name}": _by(float, order) for name, order in _ORDERS.items()},
    **{f"Date{name}": _by(_date, order) for name, order in _ORDERS.items()},
}


ANY = "*"
"""The resource of an action without resources, such as `dynamodb:ListTables`: only `Resource: "*"` grants it."""


class Verdict(StrEnum):
    """The decision; the texts of refusals are AWS's, with the action filled in.

    Source: IAM's user guide, "Troubleshooting access denied error messages", as github.com/awsdocs/iam-user-guide has it (until 2023).
    """

    ALLOWED = ""
    UNCERTAIN = "it depends on something that is not known here"
    NOT_ALLOWED = "because no identity-based policy allows the {action} action"
    DENIED = "with an explicit deny in an identity-based policy"
    NOT_ALLOWED_BY_BOUNDARY = "because no permissions boundary allows the {action} action"
    DENIED_BY_BOUNDARY = "with an explicit deny in a permissions boundary"

    @property
    def is_refusal(self) -> bool:
        return self not in (Verdict.ALLOWED, Verdict.UNCERTAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One action on one resource.

    Args:
        action: `dynamodb:PutItem`.
        resource: Its ARN, with `UNKNOWN` for unknown parts; `ANY` where the action has no resources.
        context: Lower-case condition key → values. A key without values is known to be absent; a missing one is unknown.
    """

    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The decision, and what it depends on where that is not known: condition keys, variables, the resource."""

    verdict: Verdict
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RolePolicies:
    """The policies of a role.

    Args:
        identity: Inline and attached documents, by name.
        boundary: The permissions boundary's document.
    """

    identity: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    boundary: Mapping[str, Any] | None = None


def decide(policies: RolePolicies, question: Question) -> Decision:
    identity = _weigh(policies.identity.values(), question)
    boundary = (
        _Weighed(allowed=True, denied=False) if policies.boundary is None else _weigh([policies.boundary], question)
    )
    for is_refused, verdict in (
        (identity.denied, Verdict.DENIED),
        (boundary.denied, Verdict.DENIED_BY_BOUNDARY),
        (identity.allowed is False, Verdict.NOT_ALLOWED),
        (boundary.allowed is False, Verdict.NOT_ALLOWED_BY_BOUNDARY),
    ):
        if is_refused:
            return Decision(verdict=verdict)
    unknown = tuple(dict.fromkeys((*identity.unknown, *boundary.unknown)))
    is_sure = identity.allowed and boundary.allowed and identity.denied is boundary.denied is False
    return Decision(verdict=Verdict.ALLOWED) if is_sure else Decision(verdict=Verdict.UNCERTAIN, unknown=unknown)


def statements(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The statements of a document, which may be one without a list."""
    found: list[Mapping[str, Any]] = listed(document.get("Statement", []))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weighed:
    """Whether a statement allows, and whether one denies (None: not known), with the unknown keys."""

    allowed: bool | None
    denied: bool | None
    unknown: tuple[str, ...] = ()


def _weigh(documents: Iterable[Mapping[str, Any]], question: Question) -> _Weighed:
    found: dict[str, list[tuple[bool | None, tuple[str, ...]]]] = {"Allow": [], "Deny": []}
    for document in documents:
        for statement in statements(document):
            found[statement["Effect"]].append(_applies(statement, question))
    allowed, denied = _any(found["Allow"]), _any(found["Deny"])
    open_questions = [*([] if allowed else found["Allow"]), *([] if denied else found["Deny"])]
    return _Weighed(allowed=allowed, denied=denied, unknown=tuple(key for _, keys in open_questions for key in keys))


def _any(found: list[tuple[bool | None, tuple[str, ...]]]) -> bool | None:
    results = [applies for applies, _ in found]
    return True if True in results else (None if None in results else False)


def _applies(statement: Mapping[str, Any], question: Question) -> tuple[bool | None, tuple[str, ...]]:
    if not _names_action(statement, question.action):
        return False, ()
    names, unknown = _names_resource(statement, question)
    if names is False:
        return False, ()
    holds, keys = _weigh_conditions(statement.get("Condition") or {}, question.context)
    if holds is False:
        return False, ()
    unknown = (*unknown, *keys)
    return (None, unknown) if unknown else (True, ())


def _names_action(statement: Mapping[str, Any], action: str) -> bool:
    if "NotAction" in statement:
        return not any(matches(each, action, ignores_case=True) for each in listed(statement["NotAction"]))
    return any(matches(each, action, ignores_case=True) for each in listed(statement.get("Action", [])))


def _names_resource(statement: Mapping[str, Any], question: Question) -> tuple[bool | None, tuple[str, ...]]:
    """Whether the statement names the resource; an Allow for a partly known one needs only be able to match it."""
    is_negated = "NotResource" in statement
    unknown: list[str] = []
    for pattern in listed(statement["NotResource"] if is_negated else statement.get("Resource", [])):
        filled, variables = _fill_variables(pattern, question.context)
        unknown += variables
        if variables:
            continue
        if _resource_matches(filled, question.resource):
            return not is_negated, ()
        if UNKNOWN in question.resource and resource_may_match(filled, question.resource):
            if statement["Effect"] == "Allow":
                return True, ()
            unknown.append("the resource")
    return (None, tuple(unknown)) if unknown else (is_negated, ())


def listed(value: Any) -> list[Any]:
    """The values of an element, which may be one without a list."""
    return value if isinstance(value, list) else [value]


# Keys that a role assumed by Lambda does not have. Whether it has aws:MultiFactorAuthPresent is not known: the guide has it for all
# temporary credentials "that support using MFA".
_ABSENT = (
    "aws:federatedprovider",
    "aws:multifactorauthage",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceidentity",
    "aws:username",
)
# S3's condition key → the parameter that it compares.
_S3_KEYS = {
    "s3:delimiter": "Delimiter",
    "s3:max-keys": "MaxKeys",
    "s3:prefix": "Prefix",
    "s3:versionid": "VersionId",
    "s3:x-amz-acl": "ACL",
    "s3:x-amz-server-side-encryption": "ServerSideEncryption",
    "s3:x-amz-storage-class": "StorageClass",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    arn: str
    function_arn: str
    policies: RolePolicies

    @property
    def name(self) -> str:
        """Without its path."""
        return self.arn.rpartition("/")[2]

    @property
    def session_arn(self) -> str:
        """The principal of the running function: Lambda names the session after it."""
        _, partition, _, _, account, _ = self.arn.split(":", 5)
        return f"arn:{partition}:sts::{account}:assumed-role/{self.name}/{self.function_arn.rpartition(':')[2]}"

    def place(self, region_name: str) -> AccountRegion:
        """Account and region of its calls."""
        _, partition, _, _, account, _ = self.arn.split(":", 5)
        return AccountRegion(account_id=account, region_name=region_name, partition=partition)

    def context(self, call: Call) -> dict[str, tuple[str, ...]]:
        """The condition keys and variables of a call; keys that are absent have no values.

        Source: IAM's user guide, "AWS global condition context keys", as github.com/awsdocs/iam-user-guide has it (until 2023). From
        memory: the value of `aws:PrincipalType`, and `aws:FederatedProvider`, `aws:SourceIdentity` and `aws:PrincipalIsAWSService`.
        """
        now = datetime.now(UTC)
        known: dict[str, tuple[str, ...]] = {
            **dict.fromkeys(_ABSENT, ()),
            "aws:currenttime": (now.isoformat(),),
            "aws:epochtime": (str(int(now.timestamp())),),
            "aws:principalaccount": (call.place.account_id,),
            "aws:principalarn": (self.arn,),
            "aws:principalisawsservice": ("false",),
            "aws:principaltype": ("AssumedRole",),
            "aws:requestedregion": (call.place.region_name,),
            "aws:securetransport": ("true",),
            "aws:viaawsservice": ("false",),
            "lambda:sourcefunctionarn": (self.function_arn,),
        }
        if call.prefix == "s3":
            found = {key: call.parameters.get(name) for key, name in _S3_KEYS.items()}
            known |= {key: () if value is None else (str(value),) for key, value in found.items()}
        return known


def read_role(cloud: Cloud, logical_id: str) -> Role:
    """The function's role in the stack.

    Raises:
        KeyError: The stack has no such function.
    """
    found = cloud.client("lambda").get_function_configuration(FunctionName=cloud.resources[logical_id].physical_id)
    name = found["Role"].rpartition("/")[2]
    return Role(
        arn=found["Role"], function_arn=found["FunctionArn"], policies=_read_policies(cloud.client("iam"), name)
    )


def _read_policies(iam: Any, role_name: str) -> RolePolicies:
    role = iam.get_role(RoleName=role_name)["Role"]
    boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    identity = dict([*_inline(iam, role_name), *_attached(iam, role_name)])
    return RolePolicies(identity=identity, boundary=_document(iam, boundary) if boundary else None)


def _inline(iam: Any, role_name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=role_name):
        for name in page["PolicyNames"]:
            yield name, iam.get_role_policy(RoleName=role_name, PolicyName=name)["PolicyDocument"]


def _attached(iam: Any, role_name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=role_name):
        for policy in page["AttachedPolicies"]:
            yield policy["PolicyArn"], _document(iam, policy["PolicyArn"])


def _document(iam: Any, arn: str) -> Mapping[str, Any]:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document: Mapping[str, Any] = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    return document
