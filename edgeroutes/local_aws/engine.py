"""moto's CloudFormation, changed so that it accepts what `sam deploy` sends and what edgeroutes' templates need.

`install` changes moto in this process, once, and only here:

- the map of resource types gets those of `models`: the ones that moto lacks, and replacements for those whose properties it
ignores, such as RestApi's Body;
- `parsing.parse_resource`: resolves `{{resolve:…}}`, and removes `AWS::NoValue` from lists;
- `ResourceMap`: replaces a resource that gets another type, and changes what refers to it; a removed one can be created again;
- `parsing.parse_and_update_resource`: a type that moto cannot change stays as it was instead of vanishing;
- the backend of CloudFormation: transforms SAM templates, and a stack made by a change set gets its outputs;
- S3: signed requests of browsers are checked (`signed_uploads`);
- DynamoDB: writes happen one after another (`atomic_items`);
- SQS: PurgeQueue works more than once a minute, because every test begins with it.

Source for dynamic references: docs.aws.amazon.com/AWSCloudFormation "dynamic-references-secretsmanager", "dynamic-references-ssm"
and "dynamic-references-ssm-secure-strings" (read 2026-11-21).
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend, cloudformation_backends
from moto.core.exceptions import ServiceException
from moto.secretsmanager.models import secretsmanager_backends
from moto.sqs import models as sqs_models
from moto.ssm.models import ssm_backends

from edgeroutes.errors import ConfigError
from edgeroutes.local_aws import atomic_items, signed_uploads
from edgeroutes.local_aws.models import HeldType, data, functions, http, identity
from edgeroutes.template.transform import parse_template, transform

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from moto.cloudformation.models import Stack
    from moto.cloudformation.parsing import ResourceMap


_parse_resource: Any = parsing.parse_resource
_parse_and_update_resource: Any = parsing.parse_and_update_resource
_build_resource_diff: Any = parsing.ResourceMap.build_resource_diff
_delete_resource: Any = parsing.ResourceMap._delete_resource  # noqa: SLF001 - moto has no public way


def install() -> None:
    """Change moto; a second call does nothing."""
    if cloudformation_backends.backend is _Backend:
        return
    for model in (*data.TYPES, *functions.TYPES, *http.TYPES, *identity.TYPES):
        _register(model.type_name, model, model.name_property)
    parsing.parse_resource = _parse_and_resolve
    parsing.parse_and_update_resource = _update_or_keep  # type: ignore[assignment]
    resource_map: Any = parsing.ResourceMap
    resource_map.build_resource_diff = _diff_with_replaced
    resource_map._delete_resource = _delete_and_remove  # noqa: SLF001 - moto has no public way
    sqs_models.sqs_enforce_strict_queue_purge_behaviour = lambda: False  # type: ignore[attr-defined]
    signed_uploads.install()
    atomic_items.install()
    cloudformation_backends.backend = _Backend
    for account in cloudformation_backends.values():
        account.backend = _Backend


def _hold_unknown_types(document: Mapping[str, Any]) -> None:
    """Register a placeholder for every type of the template that has no model."""
    known = {*parsing.get_model_map(), *parsing.NULL_MODELS}
    for type_name in {resource["Type"] for resource in document.get("Resources", {}).values()} - known:
        if not type_name.startswith("Custom::"):
            _register(type_name, HeldType(type_name), "")


def _register(type_name: str, model: Any, name_property: str) -> None:
    parsing.get_model_map()[type_name] = model
    parsing.get_name_type_map()[type_name] = name_property


class _MotoLookup:
    """The secrets and parameters of this moto."""

    def __init__(self, account_id: str, region_name: str) -> None:
        self.secrets = secretsmanager_backends[account_id][region_name]
        self.parameters = ssm_backends[account_id][region_name]

    def secret(self, secret_id: str, stage: str, version_id: str) -> str | None:
        found = self.secrets.secrets.get(secret_id)
        if found is None:
            return None
        for version in found.versions.values():
            is_requested = (
                version["version_id"] == version_id
                if version_id
                else (stage or "AWSCURRENT") in version["version_stages"]
            )
            if is_requested:
                text: str | None = version.get("secret_string")
                return text
        return None

    def parameter(self, name: str, version: str) -> str | None:
        found = self.parameters.get_parameter(f"{name}:{version}" if version else name)
        return found.decrypt(found.value) if found else None


def _parse_and_resolve(resource_json: dict[str, Any], resources_map: ResourceMap) -> Any:
    parsed = _parse_resource(resource_json, resources_map)
    if not parsed:
        return None
    model, resource, kind = parsed
    lookup = _MotoLookup(resources_map["AWS::AccountId"], resources_map["AWS::Region"])  # type: ignore[arg-type]
    return model, {**resource, "Properties": _resolve(_without_nothing(resource["Properties"]), lookup)}, kind


def _resolve(properties: Any, lookup: _MotoLookup) -> Any:
    try:
        return resolve_references(properties, lookup)
    except ConfigError as err:
        raise ValidationError(message=str(err)) from err


def _without_nothing(value: Any) -> Any:
    """The value with lists without `AWS::NoValue`, which moto removes only from mappings."""
    if isinstance(value, dict):
        return {key: _without_nothing(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nothing(item) for item in value if item is not None]
    return value


def _update_or_keep(logical_id: str, resource_json: dict[str, Any], resources_map: ResourceMap, **where: Any) -> Any:
    changed = _parse_and_update_resource(logical_id, resource_json, resources_map, **where)
    return changed if changed is not None else resources_map[logical_id]


def _diff_with_replaced(resources: ResourceMap, template: dict[str, Any], parameters: Any = None) -> dict[str, Any]:
    """The names of the resources that an update adds, modifies and removes."""
    diff: dict[str, Any] = _build_resource_diff(resources, template, parameters)
    old, new = resources._resource_json_map, template["Resources"]  # noqa: SLF001 - moto has no public way
    replaced = [name for name in diff["Modify"] if old[name]["Type"] != new[name]["Type"]]
    vars(resources)["_edgeroutes_removed"] = {*diff["Remove"], *replaced}
    if not replaced:
        return diff
    reference = re.compile(rf'["{{](?:{"|".join(replaced)})["}}.]')
    referring = [name for name, each in new.items() if name in old and reference.search(json.dumps(each))]
    diff["Modify"] = [name for name in dict.fromkeys((*diff["Modify"], *referring)) if name not in replaced]
    diff["Add"] = [*diff["Add"], *replaced]
    diff["Remove"] = [*diff["Remove"], *replaced]
    return diff


def _delete_and_remove(resources: ResourceMap, resource: Any, resource_json: dict[str, Any]) -> None:
    """Delete a resource that an update removes; moto would still find it by its name."""
    _delete_resource(resources, resource, resource_json)
    made = resources._parsed_resources  # noqa: SLF001 - moto has no public way
    for name in vars(resources).get("_edgeroutes_removed", set()):
        if made.get(name) is resource:
            del made[name]


@contextmanager
def _as_refusal() -> Iterator[None]:
    """Report an error inside moto's models as CloudFormation would: it is the template's far more often than moto's."""
    try:
        yield
    except ServiceException:
        raise
    except Exception as err:
        raise ValidationError(message=f"{type(err).__name__}: {err}") from err


def _roll_back(stack: Stack, kind: str, reason: str) -> None:
    """Report as CloudFormation does; what was created stays, because moto cannot undo it."""
    stack._add_stack_event(f"{kind}_FAILED", resource_status_reason=reason)  # noqa: SLF001 - moto has no public way
    stack.status = "ROLLBACK_COMPLETE" if kind == "CREATE" else f"{kind}_ROLLBACK_COMPLETE"
    stack._add_stack_event(stack.status)  # noqa: SLF001


class _Backend(CloudFormationBackend):
    """moto's, for SAM templates and whole change sets."""

    __module__ = CloudFormationBackend.__module__  # moto finds the URLs of a backend's service by it

    def create_stack(self, name: str, template: str, parameters: dict[str, Any], *rest: Any, **more: Any) -> Stack:
        processed, before = self._processed(template, parameters), set(self.stacks)
        try:
            with _as_refusal():
                return super().create_stack(name, processed, parameters, *rest, **more)
        except ServiceException:
            for stack_id in set(self.stacks) - before:
                self._take_back(stack_id)
            raise

    def update_stack(self, name: str, template: str, role_arn: str | None, parameters: Any, tags: Any) -> Stack:
        given = {each["ParameterKey"]: each.get("ParameterValue") for each in parameters or ()}
        processed, before = self._processed(template, given), _Snapshot(self.get_stack(name))
        try:
            with _as_refusal():
                return super().update_stack(name, processed, role_arn, parameters, tags)
        except ServiceException:
            before.restore()
            raise

    def create_change_set(
        self, stack_name: str, change_set_name: str, template: str, parameters: dict[str, str], *rest: Any, **more: Any
    ) -> tuple[str, str]:
        processed = self._processed(template, parameters)
        return super().create_change_set(stack_name, change_set_name, processed, parameters, *rest, **more)

    def execute_change_set(self, change_set_name: str, stack_name: str | None = None) -> None:
        change_set: Any = self.describe_change_set(change_set_name)
        stack = self.stacks[change_set.stack_id]
        stack.cross_stack_resources = stack.resource_map.cross_stack_resources = self.exports
        try:
            with _as_refusal():
                super().execute_change_set(change_set_name, stack_name)
        except ServiceException as err:
            _roll_back(stack, change_set.change_set_type, str(err.message))
            return
        stack.template_dict, stack.parameters = change_set.template_dict, change_set.parameters
        stack.output_map = parsing.OutputMap(stack.resource_map, stack.template_dict, stack.stack_id)
        self.exports.update({export.name: export for export in stack.exports})

    def _take_back(self, stack_id: str) -> None:
        """Remove a partly created stack, so that it can be created once the template is fixed."""
        stack = self.stacks.pop(stack_id)
        with suppress(Exception):  # what moto cannot delete stays, and nothing refers to it
            stack.delete()

    def _processed(self, template: str, parameters: Mapping[str, Any]) -> str:
        """The template as CloudFormation processes it: in JSON, transformed."""
        try:
            document = transform(parse_template(template), parameters, self.region_name, functions.aws_policy_arns)
        except ConfigError as err:
            raise ValidationError(message=str(err)) from err
        _hold_unknown_types(document)
        return json.dumps(document)


class _Snapshot:
    """A stack before an update, to restore after one that fails halfway.

    moto has no rollback. What the update added is deleted, so that its names are free; what it removed counts as not yet created. A
    changed resource stays changed.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._of_stack = dict(vars(stack))
        self._of_map = dict(vars(stack.resource_map))
        self._made = dict(stack.resource_map._parsed_resources)  # noqa: SLF001 - moto has no public way

    def restore(self) -> None:
        resource_map = self._stack.resource_map
        wanted = resource_map._resource_json_map  # noqa: SLF001
        for name, resource in list(resource_map._parsed_resources.items()):  # noqa: SLF001
            if name in wanted and name not in self._made:
                with suppress(Exception):  # what moto cannot delete stays, and nothing refers to it
                    resource_map._delete_resource(resource, wanted[name])  # noqa: SLF001
        vars(self._stack).update(self._of_stack)
        vars(resource_map).update(self._of_map)
        before = resource_map._resource_json_map  # noqa: SLF001
        removed = {name for name in before if name not in wanted or before[name]["Type"] != wanted[name]["Type"]}
        resource_map._resource_json_map = {name: each for name, each in before.items() if name not in removed}  # noqa: SLF001
        resource_map._parsed_resources = {name: each for name, each in self._made.items() if name not in removed}  # noqa: SLF001


_REFERENCE = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]+)\}\}")
# arn:aws:secretsmanager:region:account:secret:name has colons of its own.
_ARN_PARTS = 7


class Lookup(Protocol):
    """Where values are found."""

    def secret(self, secret_id: str, stage: str, version_id: str) -> str | None:
        """A secret's string; stage or version may be empty."""

    def parameter(self, name: str, version: str) -> str | None:
        """A parameter's value; an empty version means the latest."""


def resolve_references(value: Any, lookup: Lookup) -> Any:
    """The value with every dynamic reference in its strings replaced.

    Raises:
        ConfigError: A reference names something that does not exist.
    """
    if isinstance(value, dict):
        return {key: resolve_references(item, lookup) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve_references(item, lookup) for item in value]
    if not isinstance(value, str) or "{{resolve:" not in value:
        return value
    return _REFERENCE.sub(lambda match: _resolve_reference(match[1], match[2].split(":"), match[0], lookup), value)


def _resolve_reference(service: str, parts: Sequence[str], reference: str, lookup: Lookup) -> str:
    found = _parameter(parts, lookup) if service.startswith("ssm") else _secret(parts, reference, lookup)
    if found is None:
        problem = "it names a value that does not exist"
        raise ConfigError(problem, where=reference, hint="Create it in infra/, or put its value into infra/seed/")
    return found


def _parameter(parts: Sequence[str], lookup: Lookup) -> str | None:
    return lookup.parameter(parts[0], parts[1] if len(parts) > 1 else "")


def _secret(parts: Sequence[str], reference: str, lookup: Lookup) -> str | None:
    """`secret-id:secret-string:json-key:version-stage:version-id`, of which all but the first may be missing."""
    length = _ARN_PARTS if parts[0] == "arn" else 1
    secret_id, rest = ":".join(parts[:length]), [*parts[length:], "", "", "", ""]
    _, key, stage, version_id = rest[:4]
    text = lookup.secret(secret_id, stage, version_id)
    if text is None or not key:
        return text
    try:
        found = json.loads(text)[key]
    except (ValueError, KeyError, TypeError) as err:
        problem = f"the secret {secret_id!r} is not a JSON object with the key {key!r}"
        raise ConfigError(problem, where=reference) from err
    return found if isinstance(found, str) else json.dumps(found)
