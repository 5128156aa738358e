"""`edgeroutes revalidate`: create invalidations of a deployed distribution."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from edgeroutes.cli import DONE
from edgeroutes.config import load_config
from edgeroutes.errors import ServiceError
from edgeroutes.runtime.cache_policy import require_tags
from edgeroutes.services.cloudfront import CloudFront, make_client, service_error
from edgeroutes.services.revalidation import expire_data, path_item, tag_items

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_EVERYTHING = "/*"
_OUTPUT = "DistributionId"


def print_revalidation(
    root: Path,
    *,
    tags: Sequence[str],
    paths: Sequence[str],
    everything: bool,
    stack: str | None,
    distribution: str | None,
    as_json: bool,
) -> int:
    """Invalidate tags and paths, or everything, and print the ids of the invalidations."""
    config = load_config(root)
    require_tags(tags, "--tag")
    items = tag_items(tags)
    items += [path_item(path, base_path=config.base_path, trailing_slash=config.trailing_slash) for path in paths]
    if everything:
        items = [_EVERYTHING]
    found = distribution or _find_distribution(stack or config.name)
    expire_data(tags)
    items = list(dict.fromkeys(items))
    made = CloudFront(found).create_invalidations(items)
    if as_json:
        print(json.dumps({"distribution": found, "invalidations": made, "items": items}))
    else:
        print(f"{found}: invalidated {', '.join(items)} (invalidation {', '.join(made)})")
    return DONE


def _find_distribution(stack: str) -> str:
    where = f"stack {stack!r}"
    client = make_client("cloudformation")
    try:
        described = client.describe_stacks(StackName=stack)["Stacks"][0]
    except Exception as error:
        raise service_error(error, where) from error
    for output in described.get("Outputs", ()):
        if output["OutputKey"] == _OUTPUT:
            return str(output["OutputValue"])
    hint = "Name another stack with --stack, or the distribution with --distribution"
    raise ServiceError(f"it has no output {_OUTPUT}", where=where, hint=hint)
