"""`edgeroutes revalidate`: ask a deployed distribution to forget. Roof."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from edgeroutes.cli import DONE
from edgeroutes.config import load_config
from edgeroutes.errors import ServiceError
from edgeroutes.runtime.cache_usage import require_tags
from edgeroutes.services.cloudfront import CloudFront, make_client, service_error
from edgeroutes.services.revalidation import expire_data, path_item, tag_items

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

EVERYTHING = "/*"
OUTPUT = "DistributionId"


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
    """Have tags and paths forgotten, or everything, and print the ids of the invalidations.

    Args:
        root: The project's folder.
        tags: To forget.
        paths: To forget, without base path.
        everything: Instead of tags and paths.
        stack: The stack that has the distribution; by default the one that is called as the project is.
        distribution: Its id, where that is known.
        as_json: Write JSON.

    Raises:
        HandlerError: For what is no tag or no path.
        ServiceError: The stack has no distribution, or AWS refused.
        ProjectError: The project's settings cannot be read.
    """
    config = load_config(root)
    require_tags(tags, "--tag")
    items = tag_items(tags)
    items += [path_item(path, base_path=config.base_path, trailing_slash=config.trailing_slash) for path in paths]
    if everything:
        items = [EVERYTHING]
    found = distribution or find_distribution(stack or config.name)
    expire_data(tags)
    items = list(dict.fromkeys(items))
    made = CloudFront(found).create_invalidations(items)
    if as_json:
        print(json.dumps({"distribution": found, "invalidations": made, "items": items}))
    else:
        print(f"{found} forgets {', '.join(items)} (invalidation {', '.join(made)})")
    return DONE


def find_distribution(stack: str) -> str:
    """The id of the distribution of a stack: its output `DistributionId`.

    Raises:
        ServiceError: There is no such stack, it has no such output, or AWS refused.
    """
    where = f"the stack {stack!r}"
    client = make_client("cloudformation")
    try:
        described = client.describe_stacks(StackName=stack)["Stacks"][0]
    except Exception as error:
        raise service_error(error, where) from error
    for output in described.get("Outputs", ()):
        if output["OutputKey"] == OUTPUT:
            return str(output["OutputValue"])
    hint = "Name another with --stack, or the distribution itself with --distribution"
    raise ServiceError(f"it has no output {OUTPUT}", where=where, hint=hint)
