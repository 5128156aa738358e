"""What of AWS's operations a call in a source is, by boto3's own descriptions of services and resources. Floor 3; loads them.

A client's `put_item` is PutItem; a resource's `Table(name).put_item` is as well, with the table's name; `upload_file` is boto3's own.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from edgeroutes.build.aws_sources import Variable
from edgeroutes.local_aws.iam.needs import action_prefix
from edgeroutes.local_aws.iam.patterns import UNKNOWN
from edgeroutes.local_aws.iam.resources import Call

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from edgeroutes.build.aws_calls import AwsCall
    from edgeroutes.local_aws.iam.resources import Place

# What boto3 adds to S3's client, and to its resources without the arguments that these have: operation, arguments by position.
# Source: boto3/s3/inject.py and botocore/signers.py of 1.44.5.
_TRANSFERS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "copy": (("HeadObject", "CopyObject"), ("CopySource", "Bucket", "Key")),
    "download_file": (("GetObject",), ("Bucket", "Key", "Filename")),
    "download_fileobj": (("GetObject",), ("Bucket", "Key", "Fileobj")),
    "generate_presigned_post": (("PutObject",), ("Bucket", "Key")),
    "upload_file": (("PutObject",), ("Filename", "Bucket", "Key")),
    "upload_fileobj": (("PutObject",), ("Fileobj", "Bucket", "Key")),
}
_COLLECTION_METHODS = frozenset({"all", "filter", "limit", "page_size", "pages"})


def find_operations(found: AwsCall, environment: Mapping[str, str], place: Place) -> list[Call]:
    """The operations that a call in a source makes.

    Args:
        found: In a source.
        environment: Of the function that it is in, by which its variables have values.
        place: Where the function runs.

    Returns:
        None where boto3 knows no such service, resource or method.
    """
    model = _service(found.service)
    if model is None:
        return []
    prefix = action_prefix(found.service, model.signing_name)
    calls = _of_resource(found) if found.path else _of_client(found, model)
    return [
        Call(
            prefix=prefix,
            operation=name,
            parameters=_open(_filled(given, environment), found, model, name),
            place=place,
        )
        for name, given in calls
    ]


def _of_client(found: AwsCall, model: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if found.service == "s3" and found.method in _TRANSFERS:
        operations, names = _TRANSFERS[found.method]
        given = {**dict.fromkeys(names), **dict(zip(names, found.arguments, strict=False)), **found.parameters}
        for operation in operations:
            yield (
                operation,
                {name: given[name] for name in names if name[0].isupper() and name not in ("Filename", "Fileobj")},
            )
        return
    name = _methods(found.service).get(found.method) or _waited(found.service, found.method)
    if name in model.operation_names:
        yield name, dict(found.parameters)


def _of_resource(found: AwsCall) -> Iterator[tuple[str, dict[str, Any]]]:
    described = _resources(found.service)
    kind, collection = _kind(described, found.path)
    known = dict(zip((each["name"] for each in kind.get("identifiers", ())), found.identifiers, strict=False))
    if found.service == "s3" and found.method in _TRANSFERS:
        own = {"Bucket": known.get("BucketName", known.get("Name")), "Key": known.get("Key")}
        given = {**{key: value for key, value in own.items() if value is not None}, **found.parameters}
        names = tuple(name for name in _TRANSFERS[found.method][1] if name not in given)
        for operation in _TRANSFERS[found.method][0]:
            by_position = dict(zip(names, found.arguments, strict=False))
            yield operation, {"Bucket": None, "Key": None, **_only_api(by_position), **_only_api(given)}
    elif found.method == "batch_writer":
        yield "BatchWriteItem", {"RequestItems": {known.get("Name"): []}}
    elif collection is not None:
        yield _request(collection["request"], known, found)
        if found.method not in _COLLECTION_METHODS:
            of = described["resources"].get(collection["resource"]["type"], {}).get("batchActions", {})
            action = {_snake(name): each for name, each in of.items()}.get(found.method)
            if action:
                name, _ = _request(action["request"], {}, found)
                yield name, {"Bucket": known.get("Name")} if found.service == "s3" else {}
    else:
        actions = {_snake(name): each for name, each in kind.get("actions", {}).items()}
        action = kind.get("load") if found.method in {"load", "reload"} else actions.get(found.method)
        if action:
            yield _request(action["request"], known, found)


def _only_api(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name in {"Bucket", "Key", "CopySource"}}


def _kind(described: Mapping[str, Any], path: tuple[str, ...]) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    """The description of the resource that a path leads to, and of its collection, where the path ends with one."""
    kind: Mapping[str, Any] = described.get("service", {})
    for name in path:
        if name[:1].islower():
            return kind, {_snake(each): many for each, many in kind.get("hasMany", {}).items()}.get(name)
        reached = kind.get("has", {}).get(name, {}).get("resource", {}).get("type", name)
        kind = described.get("resources", {}).get(reached, {})
    return kind, None


def _request(request: Mapping[str, Any], known: Mapping[str, Any], found: AwsCall) -> tuple[str, dict[str, Any]]:
    by_identifier = {
        each["target"]: known.get(each["name"])
        for each in request.get("params", ())
        if each["source"] == "identifier" and each["target"].isalnum()
    }
    return request["operation"], {**by_identifier, **found.parameters}


def _filled(value: Any, environment: Mapping[str, str]) -> Any:
    """The value with the function's environment in it."""
    if isinstance(value, Variable):
        return environment.get(value.name)
    if isinstance(value, list):
        return [_filled(each, environment) for each in value]
    if isinstance(value, dict):
        return {_filled(key, environment) or UNKNOWN: _filled(each, environment) for key, each in value.items()}
    return value


def _open(parameters: dict[str, Any], found: AwsCall, model: Any, operation: str) -> dict[str, Any]:
    """With what `**` passes: at least what the operation requires, whatever its value."""
    if not found.is_open:
        return parameters
    shape = model.operation_model(operation).input_shape
    return {**dict.fromkeys(shape.required_members if shape else ()), **parameters}


@cache
def _session() -> Any:
    import botocore.session

    return botocore.session.Session()


@cache
def _service(name: str) -> Any:
    from botocore.exceptions import UnknownServiceError

    try:
        return _session().get_service_model(name)
    except UnknownServiceError:
        return None


@cache
def _methods(service: str) -> dict[str, str]:
    """A client's method → its operation."""
    return {_snake(name): name for name in _service(service).operation_names}


def _waited(service: str, name: str) -> str:
    """What a waiter asks again and again."""
    from botocore.exceptions import UnknownServiceError

    try:
        waiters = _session().get_waiter_model(service)
    except (UnknownServiceError, ValueError):
        return ""
    operations: dict[str, str] = {_snake(each): waiters.get_waiter(each).operation for each in waiters.waiter_names}
    return operations.get(name, "")


@cache
def _resources(service: str) -> dict[str, Any]:
    """boto3's description of the service's resources; empty where it has none."""
    import boto3
    from botocore.exceptions import DataNotFoundError, UnknownServiceError

    loader = boto3.Session(region_name="us-east-1")._loader  # noqa: SLF001 - it alone knows where boto3's data is
    try:
        found: dict[str, Any] = loader.load_service_model(service, "resources-1")
    except (DataNotFoundError, UnknownServiceError):
        return {}
    return found


def _snake(name: str) -> str:
    import botocore

    return str(botocore.xform_name(name))
