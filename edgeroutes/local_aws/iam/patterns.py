"""How IAM compares: `*` and `?`, ARNs part by part, and the variables of a policy. Floor 3; does no I/O.

Source: IAM's user guide, "IAM JSON policy elements: Resource" (a copy of March 2026), "Condition operators" and "Variables and tags" (as
github.com/awsdocs/iam-user-guide has them); that a pattern with fewer parts has `*` for the rest is from memory.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

UNKNOWN = "\ue002"
"""In a value, stands for any text, of which nothing is known: the key of an object that the source does not name."""
_ARN_PARTS = 6
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_LITERALS = {"*": "*", "?": "?", "$": "$"}
# A character that policies cannot hold stands for one of a variable's value, which is compared as it is.
_PLAIN = {"*": "\ue000", "?": "\ue001"}
_NOTHING = "\ue003"  # for a variable without a value: nothing matches it


def matches(pattern: str, value: str, *, ignores_case: bool = False) -> bool:
    """Whether the value is of the pattern, in which `*` stands for any characters and `?` for one."""
    return _compiled(pattern, ignores_case).fullmatch(value) is not None


def arn_matches(pattern: str, arn: str) -> bool:
    """Whether an ARN is of a condition's pattern: each of its six parts by itself, so that `*` never goes over a colon of the first five.

    A pattern with fewer parts has `*` for the rest. What is no ARN, such as `*` itself, is compared as a whole.
    """
    patterns, parts = _parts(pattern, arn)
    patterns += ["*"] * (len(parts) - len(patterns))
    return all(map(matches, patterns, parts))


def resource_matches(pattern: str, arn: str) -> bool:
    """Whether an ARN is of a statement's `Resource`: as `arn_matches`, but a `*` that ends a part may go on over colons."""
    return _run_on(*_parts(pattern, arn), matches)


def resource_may_match(pattern: str, arn: str) -> bool:
    """Whether an ARN can be of a statement's `Resource`, whatever `UNKNOWN` in it stands for."""
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
    """Whether some text is of both, `UNKNOWN` in the value being any: `jobs-*` and `<unknown>-live` have `jobs-live`."""
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


def fill_variables(text: str, context: Mapping[str, tuple[str, ...]]) -> tuple[str, tuple[str, ...]]:
    """The text with the policy's variables in it filled in, and those of them whose value is not known.

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
    """The value for people, who know `*` for what is not known."""
    return value.replace(UNKNOWN, "*")


@lru_cache(maxsize=4096)
def _compiled(pattern: str, ignores_case: bool) -> re.Pattern[str]:  # noqa: FBT001
    wild = {"*": ".*", "?": ".", **{mark: re.escape(plain) for plain, mark in _PLAIN.items()}}
    text = "".join(wild.get(each) or re.escape(each) for each in pattern)
    return re.compile(text, re.DOTALL | (re.IGNORECASE if ignores_case else 0))
