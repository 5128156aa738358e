"""`edgeroutes iam`: the AWS calls in each route's source, and the permissions of its function."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from edgeroutes.cli import DONE, REFUSED
from edgeroutes.local_aws.iam.policies import Verdict
from edgeroutes.local_aws.iam.review import review_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edgeroutes.local_aws.iam.review import Review

_LABELS = {Verdict.ALLOWED: "allowed", Verdict.UNCERTAIN: "unknown"}


def print_iam(root: Path, route: str | None, *, as_json: bool) -> int:
    """Print them; 1 when a function lacks a permission."""
    chosen = review_project(root, route)
    if as_json:
        print(json.dumps({"functions": [_document(review) for review in chosen]}, indent=2))
    else:
        print("\n".join(_lines(chosen, is_one=route is not None)))
    return REFUSED if any(review.missing for review in chosen) else DONE


def _document(review: Review) -> dict[str, Any]:
    return {
        "function": review.function.logical_id,
        "routes": [route.route_path for route in review.function.routes],
        "calls": [
            {
                "action": each.need.action,
                "resource": each.resource_name,
                "where": list(each.where),
                "allowed": None if each.verdict is Verdict.UNCERTAIN else not each.verdict.is_refusal,
                "depends_on": list(each.unknown),
            }
            for each in review.findings
        ],
        "add": list(review.hints),
        "unseen": list(review.unused),
        "unread": [{"where": each.where, "problem": each.problem} for each in review.unread],
    }


def _lines(reviews: list[Review], *, is_one: bool) -> Iterator[str]:
    shown = [review for review in reviews if is_one or review.findings or review.unread or review.unused]
    for review in shown:
        yield f"{' '.join(route.route_path for route in review.function.routes)}  {review.function.logical_id}"
        yield from (f"  {line}" for line in _review_lines(review))
    missing = sum(len(review.missing) for review in reviews)
    quiet = len(reviews) - len(shown)
    yield f"{_count(missing, 'action')} missing" + (
        f"; {_count(quiet, 'function')} without boto3 calls" if quiet else ""
    )


def _review_lines(review: Review) -> Iterator[str]:
    for each in review.findings:
        depends = f" (depends on {', '.join(each.unknown)})" if each.unknown else ""
        label = _LABELS.get(each.verdict, "DENIED")
        yield f"{label:<9}{each.need.action} on {each.resource_name}{depends}  {' '.join(each.where)}"
    yield from (f"unread   {each.where}: {each.problem}" for each in review.unread)
    yield from (f"unused   {each}" for each in review.unused)
    yield from (f"→ {hint}" for hint in review.hints)


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"
