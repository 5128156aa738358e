"""Uploads in the template: what functions may do with the bucket, its name, its CORS, and the end of files that nobody claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from edgeroutes.http.cors import ANY, REGEX, VARIABLE
from edgeroutes.plan.cloudformation import is_intrinsic, value_at
from edgeroutes.routing.uploads import BUCKET_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from edgeroutes.build.uploads import FunctionUploads
    from edgeroutes.plan.cloudformation import Infra
    from edgeroutes.plan.model import FunctionPlan, ProjectPlan
    from edgeroutes.routing.uploads import UploadsConfig

    Uploads = Mapping[str, FunctionUploads]

_BUCKET = "AWS::S3::Bucket"
_SIGNED = frozenset({"presigned_post", "presigned_put", "presigned_parts"})
_PREFLIGHT_S = 3600


def bucket_ids(infra: Infra) -> tuple[str, ...]:
    """The logical ids of the buckets in infra/."""
    return tuple(name for name, value, _ in infra.properties("Resources") if value_at(value, "Type") == _BUCKET)


def with_uploads(plan: ProjectPlan, uploads: Uploads, buckets: Collection[str]) -> ProjectPlan:
    """The plan with each function's variables and permissions for its uploads.

    Args:
        plan: The project.
        uploads: Logical id of a function → its uploads.
        buckets: The logical ids of the buckets in infra/.
    """
    functions = tuple(_with_own(each, uploads.get(each.logical_id), buckets) for each in plan.functions)
    return replace(plan, functions=functions)


def _with_own(function: FunctionPlan, uploads: FunctionUploads | None, buckets: Collection[str]) -> FunctionPlan:
    declared = [each for each in uploads.declared if each.logical_id in buckets] if uploads is not None else []
    if uploads is None or not declared:
        return function
    properties = dict(function.properties)
    environment = dict(properties.get("Environment") or {})
    names = {f"{BUCKET_VARIABLE}{each.bucket}": {"Ref": each.bucket} for each in declared}
    properties["Environment"] = {**environment, "Variables": {**names, **(environment.get("Variables") or {})}}
    if "Role" not in properties:
        own = properties.get("Policies") or []
        given = own if isinstance(own, list) else [own]
        statements = [statement for each in declared for statement in _statements(each, uploads.methods)]
        properties["Policies"] = [*given, {"Version": "2012-10-17", "Statement": statements}]
    return replace(function, properties=properties)


def _statements(config: UploadsConfig, methods: Collection[str]) -> list[dict[str, Any]]:
    """The permissions of a function that calls these methods; who signs a request needs the permission for it."""
    everything = {"Fn::Sub": f"${{{config.bucket}.Arn}}/*"}
    incoming = {"Fn::Sub": f"${{{config.bucket}.Arn}}/{config.prefix}*"}
    statements = []
    if {"claim", "save"} & {*methods}:
        statements.append({"Effect": "Allow", "Action": ["s3:PutObject"], "Resource": everything})
    elif ({"complete"} | _SIGNED) & {*methods}:
        statements.append({"Effect": "Allow", "Action": ["s3:PutObject"], "Resource": incoming})
    if "claim" in methods:
        statements.append({"Effect": "Allow", "Action": ["s3:GetObject", "s3:DeleteObject"], "Resource": incoming})
        # Without it, S3 responds 403 instead of 404 for a missing key.
        bucket = {"Fn::GetAtt": [config.bucket, "Arn"]}
        only = {"StringLike": {"s3:prefix": f"{config.prefix}*"}}
        statements.append({"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": bucket, "Condition": only})
    return statements


def finish_buckets(resources: Mapping[str, Any], plan: ProjectPlan, uploads: Uploads) -> None:
    """Add to the buckets of infra/ what uploads need; their own CORS stays as it is.

    Args:
        resources: Of the merged template.
        plan: The project.
        uploads: Logical id of a function → its uploads.
    """
    origins: dict[str, dict[str, None]] = {}
    for function in plan.functions:
        found = uploads.get(function.logical_id)
        for each in found.declared if found is not None else ():
            resource = resources.get(each.bucket)
            if isinstance(resource, dict) and resource.get("Type") == _BUCKET:
                properties = resource.setdefault("Properties", {})
                _add_rule(properties, each.prefix)
                if found is not None and _SIGNED & found.methods:
                    origins.setdefault(each.bucket, {}).update(dict.fromkeys(_origins(function, plan)))
    for bucket, allowed in origins.items():
        if allowed:
            resources[bucket]["Properties"].setdefault("CorsConfiguration", {"CorsRules": [_cors_rule(allowed)]})


def _origins(function: FunctionPlan, plan: ProjectPlan) -> Iterable[str]:
    """The origins of pages that send files: those of the routes' CORS, and the project's own domains."""
    for cors in function.cors.values():
        yield from (origin for origin in cors.origins if not origin.startswith((REGEX, VARIABLE)))
    if plan.config.cdn.enabled:
        yield from (f"https://{name}" for name in plan.config.cdn.domain_names)


def _cors_rule(origins: Iterable[str]) -> dict[str, Any]:
    """Source: docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html (read 2026-11-30)."""
    allowed = [*origins]
    return {
        "AllowedOrigins": [ANY] if ANY in allowed else allowed,
        "AllowedMethods": ["POST", "PUT"],
        "AllowedHeaders": ["*"],
        "ExposedHeaders": ["ETag"],
        "MaxAge": _PREFLIGHT_S,
    }


def _add_rule(properties: dict[str, Any], prefix: str) -> None:
    lifecycle = properties.setdefault("LifecycleConfiguration", {})
    rules = lifecycle.setdefault("Rules", []) if isinstance(lifecycle, dict) and not is_intrinsic(lifecycle) else None
    if not isinstance(rules, list) or any(isinstance(each, Mapping) and each.get("Prefix") == prefix for each in rules):
        return
    rules.append(
        {
            "Id": f"unclaimed-{prefix.strip('/').replace('/', '-')}",
            "Status": "Enabled",
            "Prefix": prefix,
            "ExpirationInDays": 1,
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        }
    )
