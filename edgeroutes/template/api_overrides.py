"""What the project's own parts change about the API, once they are merged into the template. Build wing, floor 2."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

from edgeroutes.plan.cloudformation import is_intrinsic
from edgeroutes.plan.infra import value_at
from edgeroutes.template.api import API

if TYPE_CHECKING:
    from edgeroutes.plan.model import ProjectPlan

_ANY = "x-amazon-apigateway-any-method"
# With these in `Globals` too, the template would be another one: SAM does not take them from there.
_KEPT = ("DefinitionBody", "StageName", "OpenApiVersion")
# Properties whose change makes CloudFormation replace a function, though its logical id, and with it the API's document, stays.
# Source: the resource type's schema, createOnlyProperties; PackageType and the like are edgeroutes' own.
_REPLACING = ("CapacityProviderConfig", "DurableConfig", "FunctionName", "TenancyConfig")


def without(own: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """Our properties of the API without those that `Globals` set: SAM would let ours win, or append one list to the other."""
    made: dict[str, Any] = {}
    for key, value in own.items():
        theirs = shared.get(key)
        if key not in shared or key in _KEPT:
            made[key] = value
        elif _is_plain(value) and _is_plain(theirs) and (rest := without(value, theirs)):
            made[key] = rest
    return made


def _is_plain(value: Any) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping) and not is_intrinsic(value)


def finish_api(document: Mapping[str, Any], plan: ProjectPlan) -> None:
    """Have the API deployed anew when a function is replaced, and preflights go without key and authorizer. Changes the document."""
    properties = document["Resources"][API].get("Properties") or {}
    body = properties.get("DefinitionBody")
    if not isinstance(body, dict):
        return
    _deploy_with_functions(document, properties, body, plan)
    shared = value_at(document, "Globals", "Api")
    for each in (properties, shared):
        if isinstance(each, dict):
            _keep_throttle(each, plan)
            _open_preflights(each.get("Auth"), body, plan)


def _deploy_with_functions(
    document: Mapping[str, Any], properties: dict[str, Any], body: dict[str, Any], plan: ProjectPlan
) -> None:
    """SAM makes a new deployment when the API's document changes, so that what replaces a function has to be in it."""
    found: dict[str, Any] = {}
    for function in (*plan.functions, plan.fallback):
        own = document["Resources"][function.logical_id].get("Properties") or {}
        values = {key: own[key] for key in _REPLACING if key in own}
        if values:
            found[function.logical_id] = values
    if not found:
        return
    text = json.dumps(found, sort_keys=True)
    info = body.get("info")
    if isinstance(info, dict):
        info["version"] = f"{info.get('version', '1')}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    if '{"Ref":' in text or '"Fn::' in text:  # what a parameter decides changes without the template
        properties.setdefault("AlwaysDeploy", True)


def _keep_throttle(properties: dict[str, Any], plan: ProjectPlan) -> None:
    """Settings for all methods that infra/ brings, and that say nothing of throttling, keep the project's."""
    settings = properties.get("MethodSettings")
    if not isinstance(settings, list):
        return
    limits = {"ThrottlingRateLimit": plan.config.throttle_rate, "ThrottlingBurstLimit": plan.config.throttle_burst}
    properties["MethodSettings"] = [
        {**each, **{key: value for key, value in limits.items() if key not in each}}
        if isinstance(each, dict) and each.get("ResourcePath") == "/*"
        else each
        for each in settings
    ]


def _open_preflights(auth: Any, body: Mapping[str, Any], plan: ProjectPlan) -> None:
    """A browser sends neither key nor token with a preflight, so OPTIONS becomes a method of its own, without them.

    Source: aws-sam-translator 1.115.0, samtranslator/swagger/swagger.py: `NONE` and `api_key_false` take the API's defaults back.
    """
    if not isinstance(auth, Mapping):
        return
    security: list[dict[str, Any]] = []
    if auth.get("DefaultAuthorizer") is not None:
        security.append({"NONE": []})
    if auth.get("ApiKeyRequired") not in (None, False):
        security.append({"api_key_false": []})
    with_cors = {function.logical_id for function in plan.functions if function.cors}
    paths = {resource.path for resource in plan.api_resources if resource.logical_id in with_cors}
    for path, methods in body.get("paths", {}).items():
        if security and path in paths and isinstance(methods, dict) and _ANY in methods:
            methods.setdefault("options", {**methods[_ANY], "security": security})
