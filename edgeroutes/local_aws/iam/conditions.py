"""The conditions of a policy's statement, weighed against what is known of a call. Floor 3; does no I/O.

Three answers: they hold, they do not, or they ask for something that is not known here, which is named and not guessed.
Source: IAM's user guide, "IAM JSON policy elements: Condition operators" and "Creating a Condition That Tests Multiple Key Values", as
github.com/awsdocs/iam-user-guide has them (until 2023); for `ForAnyValue` of an absent key also iam.cloudcopilot.io/resources/operators.
"""

from __future__ import annotations

import operator
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

from edgeroutes.local_aws.iam.patterns import arn_matches, fill_variables, matches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def weigh_conditions(
    block: Mapping[str, Any], context: Mapping[str, tuple[str, ...]]
) -> tuple[bool | None, tuple[str, ...]]:
    """Whether all conditions hold; None, and the keys, where that depends on what is not known.

    Args:
        block: The statement's `Condition`: operator → key → value or values.
        context: What is known of the call.
    """
    unknown: list[str] = []
    for name, keys in block.items():
        for key, expected in keys.items():
            holds, missing = _weigh(name, key, _texts(expected), context)
            if holds is False:
                return False, ()
            unknown += missing
    return (None, tuple(dict.fromkeys(unknown))) if unknown else (True, ())


def _weigh(
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
    filled = [fill_variables(each, context) for each in expected]
    unknown = tuple(variable for _, variables in filled for variable in variables)
    if unknown:
        return None, unknown
    return _holds(name, kind, found, [text for text, _ in filled]), ()


def _holds(name: str, kind: str, found: tuple[str, ...], expected: list[str]) -> bool:
    quantifier, is_negated, test = name.rpartition(":")[0], "Not" in kind, _OPERATORS[kind]
    if not found:  # an operator that negates holds where the key is absent, but not for any of its values
        return quantifier == "ForAllValues" if quantifier else is_negated or name.endswith("IfExists")

    def one(value: str) -> bool:
        return any(_safely(test, each, value) for each in expected) is not is_negated

    return all(map(one, found)) if quantifier == "ForAllValues" else any(map(one, found))


def _safely(test: Callable[[str, str], bool], expected: str, value: str) -> bool:
    """A value that is no number, date or address is like none."""
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
    "ArnEquals": arn_matches,
    "ArnLike": arn_matches,
    "ArnNotEquals": arn_matches,
    "ArnNotLike": arn_matches,
    "Bool": _by(str.lower, operator.eq),
    "IpAddress": _in_network,
    "NotIpAddress": _in_network,
    **{f"Numeric{name}": _by(float, order) for name, order in _ORDERS.items()},
    **{f"Date{name}": _by(_date, order) for name, order in _ORDERS.items()},
}
