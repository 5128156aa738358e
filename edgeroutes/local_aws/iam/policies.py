"""What a role's policies say of one action on one resource, as IAM decides it. Floor 3; does no I/O.

An explicit Deny wins over everything; then an identity-based policy has to allow the call, and so has the permissions boundary where
there is one. Policies of resources, of the organisation and of sessions are not weighed.
Not by moto: its own evaluation takes a condition that does not hold for a Deny, knows no NotResource and no `?`, and asks all actions of
the resource `*` (moto 5.2, iam/access_control.py).

Source: IAM's user guide, "Policy evaluation logic", as github.com/awsdocs/iam-user-guide has it (until 2023).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from edgeroutes.local_aws.iam.conditions import weigh_conditions
from edgeroutes.local_aws.iam.patterns import UNKNOWN, fill_variables, matches, resource_matches, resource_may_match

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ANY = "*"
"""The resource of an action that knows none, such as `dynamodb:ListTables`: only `Resource: "*"` grants it."""


class Verdict(StrEnum):
    """What becomes of a call; the texts of refusals are AWS's, with the action filled in.

    Source: IAM's user guide, "Troubleshooting access denied error messages", as github.com/awsdocs/iam-user-guide has it (until 2023).
    """

    ALLOWED = ""
    UNCERTAIN = "it depends on what is not known here"
    NOT_ALLOWED = "because no identity-based policy allows the {action} action"
    DENIED = "with an explicit deny in an identity-based policy"
    NOT_ALLOWED_BY_BOUNDARY = "because no permissions boundary allows the {action} action"
    DENIED_BY_BOUNDARY = "with an explicit deny in a permissions boundary"

    @property
    def is_refusal(self) -> bool:
        """Whether AWS would refuse the call."""
        return self not in (Verdict.ALLOWED, Verdict.UNCERTAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One action on one resource.

    Args:
        action: `dynamodb:PutItem`.
        resource: Its ARN, with `UNKNOWN` for what is not known of it; `ANY` where the action knows no resources.
        context: Lower-case condition key → values. A key without values is known to be absent; one that is not here is unknown.
    """

    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the policies say, and what that depends on where it cannot be known: condition keys, variables, the resource."""

    verdict: Verdict
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RolePolicies:
    """The policies of a role.

    Args:
        identity: Documents by name: inline ones and attached ones.
        boundary: The permissions boundary's document.
    """

    identity: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    boundary: Mapping[str, Any] | None = None


def decide(policies: RolePolicies, question: Question) -> Decision:
    """Whether a role with these policies may."""
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
    """The statements of a document, which may hold one without a list."""
    found: list[Mapping[str, Any]] = listed(document.get("Statement", []))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weighed:
    """Whether some statement allows, whether one denies, each of them None where that is not known, and why not."""

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
    answers = [applies for applies, _ in found]
    return True if True in answers else (None if None in answers else False)


def _applies(statement: Mapping[str, Any], question: Question) -> tuple[bool | None, tuple[str, ...]]:
    if not _names_action(statement, question.action):
        return False, ()
    names, unknown = _names_resource(statement, question)
    if names is False:
        return False, ()
    holds, keys = weigh_conditions(statement.get("Condition") or {}, question.context)
    if holds is False:
        return False, ()
    unknown = (*unknown, *keys)
    return (None, unknown) if unknown else (True, ())


def _names_action(statement: Mapping[str, Any], action: str) -> bool:
    if "NotAction" in statement:
        return not any(matches(each, action, ignores_case=True) for each in listed(statement["NotAction"]))
    return any(matches(each, action, ignores_case=True) for each in listed(statement.get("Action", [])))


def _names_resource(statement: Mapping[str, Any], question: Question) -> tuple[bool | None, tuple[str, ...]]:
    """Whether the statement is about the resource; of one that is known in part, an Allow needs only be able to mean it."""
    is_negated = "NotResource" in statement
    unknown: list[str] = []
    for pattern in listed(statement["NotResource"] if is_negated else statement.get("Resource", [])):
        filled, variables = fill_variables(pattern, question.context)
        unknown += variables
        if variables:
            continue
        if resource_matches(filled, question.resource):
            return not is_negated, ()
        if UNKNOWN in question.resource and resource_may_match(filled, question.resource):
            if statement["Effect"] == "Allow":
                return True, ()
            unknown.append("the resource")
    return (None, tuple(unknown)) if unknown else (is_negated, ())


def listed(value: Any) -> list[Any]:
    """The values of an element, which may hold one without a list."""
    return value if isinstance(value, list) else [value]
