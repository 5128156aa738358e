"""A project's cloud: its resources made from its template, its seeds in them, and its functions' environment. Floor 3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgeroutes.local_aws.data import Data
from edgeroutes.local_aws.local_template import local_template, without_functions
from edgeroutes.local_aws.parameters import require_parameters
from edgeroutes.local_aws.seeds import read_seeds
from edgeroutes.pipeline import render_template
from edgeroutes.template.transform import parse_template

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from edgeroutes.local_aws.seeds import Seed
    from edgeroutes.local_aws.stack import Cloud


@dataclass(frozen=True, slots=True)
class ProjectCloud:
    """What a project finds around it.

    Args:
        cloud: Its resources.
        data: What is in them.
    """

    cloud: Cloud
    data: Data


def start_cloud(
    root: Path,
    cloud: Cloud,
    parameters: Mapping[str, str] | None = None,
    *,
    document: Mapping[str, Any] | None = None,
    seeds: Mapping[str, Seed] | None = None,
    seeds_before: Mapping[str, Seed] | None = None,
) -> ProjectCloud:
    """Make the resources of the project in `root`, put its seeds into them, and resolve its functions' environment.

    Where the cloud has them already, what has changed in infra/ is changed in it; what is new there gets its seeds.

    Args:
        root: The project's folder.
        cloud: The mock of this process, or a server.
        parameters: Values for the template's parameters; what has neither one here nor a default takes that of samconfig.toml.
        document: The project's template, where that is at hand.
        seeds: The seeds, where they have been read.
        seeds_before: What has been put in; other seeds are put in over what is there. None where they are to be left alone.

    Raises:
        ProjectError: For all that is wrong with the project, its infra/ or its seeds.
        ToolError: There is no moto.
    """
    template = local_template(document or parse_template(render_template(root)))
    parameters = require_parameters(root, template, parameters)
    seeds = read_seeds(root) if seeds is None else seeds
    if cloud.exists():
        cloud.read()
        there = {resource.physical_id for resource in cloud.resources.values()}
        cloud.put(template, parameters)
        data = Data(cloud, seeds)
        new = {name for name, resource in cloud.resources.items() if resource.physical_id not in there}
        data.put(new | set(_changed(seeds, seeds_before)))
        return ProjectCloud(cloud, data)
    # Seeds come before functions: a secret's value goes into their environment where `{{resolve:…}}` names it.
    cloud.put(without_functions(template), parameters)
    Data(cloud, {name: seed for name, seed in seeds.items() if name in cloud.resources}).reset()
    cloud.put(template, parameters)
    return ProjectCloud(cloud, Data(cloud, seeds))


def _changed(seeds: Mapping[str, Seed], before: Mapping[str, Seed] | None) -> list[str]:
    """The names of seeds that say something else than before."""
    if before is None:
        return []
    return [name for name, seed in seeds.items() if name not in before or seed.value != before[name].value]
