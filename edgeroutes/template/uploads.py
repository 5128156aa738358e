"""Uploads in the template: what functions may do with the bucket, its name, its CORS, and the end of files that nobody claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from edgeroutes.errors import ConfigError, Problem, suggest
from edgeroutes.http.cors import ANY, REGEX, VARIABLE
from edgeroutes.plan.cloudformation import is_intrinsic, value_at
from edgeroutes.routing.uploads import BUCKET_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from edgeroutes.build.uploads import FunctionUploads
    from edgeroutes.plan.cloudformation import Infra
    from edgeroutes.plan.model import FunctionPlan, ProjectPlan
    from edgeroutes.routing.uploads import UploadsConfig

    Uploads = Mapping[str, FunctionUploads]

_BUCKET = "AWS::S3::Bucket"
_SIGNED = frozenset({"presigned_post", "presigned_put", "presigned_parts"})
_PUTS = frozenset({"presigned_put", "presigned_parts"})
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

    Raises:
        ConfigError: A bucket that infra/ does not have, and whose name is not a bucket's either.
    """
    functions = tuple(_with_own(each, uploads.get(each.logical_id), buckets) for each in plan.functions)
    return replace(plan, functions=functions)


def _with_own(function: FunctionPlan, uploads: FunctionUploads | None, buckets: Collection[str]) -> FunctionPlan:
    for each in uploads.declared if uploads is not None else ():
        if each.logical_id not in buckets and each.logical_id.lower() != each.logical_id:
            hint = suggest(each.bucket, buckets, f"Buckets there: {', '.join(buckets) or 'none'}")
            place = function.routes[0].source_file
            raise ConfigError(f"infra/ has no bucket {each.bucket!r}, which Uploads names", where=place, hint=hint)
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


def warn_cors(plan: ProjectPlan, infra: Infra, uploads: Uploads) -> Iterator[Problem]:
    """Buckets of infra/ whose own CORS keeps pages from sending files, or from reading the `ETag` of a part.

    Args:
        plan: The project.
        infra: The files of infra/.
        uploads: Logical id → the uploads that the function's files declare.
    """
    for function in plan.functions:
        found = uploads.get(function.logical_id)
        for each in found.declared if found is not None else ():
            path = ("Resources", each.bucket, "Properties")
            own = next(
                ((value, where) for key, value, where in infra.properties(*path) if key == "CorsConfiguration"), None
            )
            rules = value_at(own[0], "CorsRules") if own is not None else None
            if own is None or found is None or not isinstance(rules, list) or not _is_plain(rules):
                continue
            for lack in _lacks(rules, [*dict.fromkeys(_origins(function, plan))], found.methods):
                hint = "Add it, or remove CorsConfiguration: then the template has the rule that uploads need"
                yield Problem(
                    f"the CORS of {each.bucket} lacks {lack}, which uploads of {function.logical_id} need",
                    where=own[1],
                    hint=hint,
                )


def _is_plain(rules: list[Any]) -> bool:
    """Whether all that decides is written out, without functions of CloudFormation."""
    keys = ("AllowedOrigins", "AllowedMethods", "ExposedHeaders")
    return all(
        isinstance(rule, Mapping) and all(isinstance(item, str) for key in keys for item in rule.get(key) or ())
        for rule in rules
    )


def _lacks(rules: list[Any], origins: list[str], methods: Collection[str]) -> Iterator[str]:
    needed = [*(["POST"] if "presigned_post" in methods else []), *(["PUT"] if _PUTS & {*methods} else [])]
    for origin in origins:
        fitting = [rule for rule in rules if any(_matches(each, origin) for each in rule.get("AllowedOrigins") or ())]
        for method in needed:
            if not any(method in (rule.get("AllowedMethods") or ()) for rule in fitting):
                yield f"{method} for {origin}"
        exposed = {name.lower() for rule in fitting for name in rule.get("ExposedHeaders") or ()}
        if "presigned_parts" in methods and "etag" not in exposed:
            yield f"ETag in ExposedHeaders for {origin}"


def _matches(pattern: str, origin: str) -> bool:
    """Whether S3 takes an origin for one of a rule, which may have one `*`."""
    before, star, behind = pattern.partition("*")
    return origin == pattern or bool(star and origin.startswith(before) and origin.endswith(behind))


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
