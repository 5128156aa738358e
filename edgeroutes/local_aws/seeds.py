"""infra/seed/*.json and *.yaml: the first contents of a project's resources, in dev and again for each test, by logical id."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from edgeroutes.errors import ConfigError, ProjectError, require_no_problems, suggest
from edgeroutes.plan.cloudformation import parse_yaml
from edgeroutes.routing.reading import list_folder, read_file, read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    from edgeroutes.local_aws.stack import Cloud


_SEED_FOLDER = "infra/seed"
_ENDINGS = (".json", ".yaml", ".yml")
_MAX_OBJECT_BYTES = 1024 * 1024 * 1024
_MAX_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """The first contents of one resource.

    Args:
        value: A table's items, a bucket's objects, a queue's messages, a secret's or a parameter's value.
        where: Its file and line.
        folder: The seed file's; files that the seed names are beside it.
    """

    value: Any
    where: str
    folder: Path

    def read_file(self, name: str) -> bytes:
        """The content of a file beside the seed.

        Raises:
            ConfigError: It cannot be read.
        """
        try:
            return read_file(self.folder / name, f"{_SEED_FOLDER}/{name}", limit_bytes=_MAX_OBJECT_BYTES)
        except FileNotFoundError as err:
            raise ConfigError(f"there is no file {name!r}", where=self.where, hint="Put it beside the seed") from err


def read_seeds(root: Path) -> dict[str, Seed]:
    """The seeds of the project in `root`, logical id → seed.

    Raises:
        ProjectError: A file cannot be read, or two of them name a resource.
    """
    folder, seeds = root / _SEED_FOLDER, dict[str, Seed]()
    problems: list[ProjectError] = []
    files = [folder / name for name in list_folder(folder, _SEED_FOLDER, _ENDINGS)]
    for file in files:
        try:
            _add(seeds, file)
        except ProjectError as err:
            problems.append(err)
    require_no_problems(problems)
    return seeds


def _add(seeds: dict[str, Seed], file: Path) -> None:
    source_file = f"{_SEED_FOLDER}/{file.name}"
    parsed = parse_yaml(read_text(file, source_file, limit_bytes=_MAX_BYTES), source_file)  # JSON is YAML
    for logical_id, value in parsed.value.items():
        where = parsed.where(logical_id)
        if logical_id in seeds:
            problem = f"{logical_id!r} is in {seeds[logical_id].where}, too"
            raise ConfigError(problem, where=where, hint="Put the contents of one resource into one file")
        seeds[logical_id] = Seed(value=value, where=where, folder=file.parent)


class Data:
    """The contents of a stack's resources.

    Args:
        cloud: The stack, with its resources.
        seeds: Logical id → seed.

    Raises:
        ConfigError: A seed is for no resource, or for a type without contents.
    """

    def __init__(self, cloud: Cloud, seeds: Mapping[str, Seed]) -> None:
        self._cloud = cloud
        self._seeds = seeds
        self._after_reset: dict[str, object] = {}
        self._contents = {kind: contents(cloud) for kind, contents in _CONTENT_TYPES.items()}
        for logical_id, seed in seeds.items():
            self._require_contents(logical_id, seed)
        for contents, physical_id, _ in self._each():
            contents.remember(physical_id)

    def reset(self) -> None:
        """Empty all resources of the stack, and put the seeds in; resources outside the stack stay.

        A resource that has not changed since the last reset is left alone, because reading is cheaper than writing.

        Raises:
            ConfigError: A seed has a form that its resource does not accept, or a resource is gone.
        """
        from botocore.exceptions import ClientError

        for contents, physical_id, seed in self._each():
            try:
                self._reset_one(contents, physical_id, seed)
            except ClientError as err:
                hint = "Let a test that deletes resources delete those that it has made itself"
                raise ConfigError(f"it cannot be reset for the next test: {err}", where=physical_id, hint=hint) from err

    def _reset_one(self, contents: _Contents, physical_id: str, seed: Seed | None) -> None:
        before = self._after_reset.get(physical_id)
        if before is not None and contents.look(physical_id) == before:
            return
        contents.empty(physical_id)
        if seed is not None:
            _fill(contents, physical_id, seed)
        self._after_reset[physical_id] = contents.look(physical_id)

    def put(self, logical_ids: Collection[str]) -> None:
        """Put the seeds of these resources in, over their contents.

        Raises:
            ConfigError: A seed has a form that its resource does not accept.
        """
        wanted = {self._cloud.resources[name].physical_id for name in logical_ids if name in self._cloud.resources}
        for contents, physical_id, seed in self._each():
            if seed is not None and physical_id in wanted:
                _fill(contents, physical_id, seed)

    def _each(self) -> Iterator[tuple[_Contents, str, Seed | None]]:
        for logical_id, resource in self._cloud.resources.items():
            contents = self._contents.get(resource.type_name)
            if contents is not None:
                yield contents, resource.physical_id, self._seeds.get(logical_id)

    def _require_contents(self, logical_id: str, seed: Seed) -> None:
        resource = self._cloud.resources.get(logical_id)
        if resource is None:
            hint = suggest(logical_id, self._cloud.resources, "Name a resource of infra/")
            raise ConfigError(f"there is no resource {logical_id!r}", where=seed.where, hint=hint)
        if resource.type_name not in self._contents:
            problem = (
                f"{logical_id!r} is {resource.type_name}, which has no seeds. Allowed are {', '.join(_CONTENT_TYPES)}"
            )
            raise ConfigError(problem, where=seed.where)


class _Contents:
    """Writes and removes the contents of one resource type."""

    takes: str
    service: str

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._first: dict[str, Callable[[], object]] = {}

    @property
    def client(self) -> Any:
        return self._cloud.client(self.service)

    def remember(self, physical_id: str) -> None:
        """Read the template's value, where there is one."""

    def look(self, physical_id: str) -> object:
        """The contents, with everything that a test can change; None where that is not known, or costs as much as `empty`."""

    def empty(self, physical_id: str) -> None:
        """Remove everything, or restore the template's value."""
        raise NotImplementedError

    def fill(self, physical_id: str, seed: Seed) -> None:
        raise NotImplementedError


def _fill(contents: _Contents, physical_id: str, seed: Seed) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        contents.fill(physical_id, seed)
    except (AttributeError, BotoCoreError, ClientError, TypeError, ValueError) as err:
        problem = f"the seed does not fit the resource: {err}. Allowed is {contents.takes}"
        raise ConfigError(problem, where=seed.where) from err


class _Table(_Contents):
    takes = "a list of items, each a mapping"
    service = "dynamodb"

    def look(self, physical_id: str) -> object:
        return [item for page in self._pages(physical_id) for item in page["Items"]]

    def empty(self, physical_id: str) -> None:
        description = self.client.describe_table(TableName=physical_id)["Table"]
        keys = [part["AttributeName"] for part in description["KeySchema"]]
        for page in self._pages(physical_id):
            for item in page["Items"]:
                self.client.delete_item(TableName=physical_id, Key={key: item[key] for key in keys})

    def fill(self, physical_id: str, seed: Seed) -> None:
        from boto3.dynamodb.types import TypeSerializer

        serialize = TypeSerializer().serialize
        for item in seed.value:
            written = {name: serialize(_decimal(value)) for name, value in item.items()}
            self.client.put_item(TableName=physical_id, Item=written)

    def _pages(self, physical_id: str) -> Iterator[Any]:
        pages: Iterator[Any] = self.client.get_paginator("scan").paginate(TableName=physical_id)
        return pages


def _decimal(value: Any) -> Any:
    """DynamoDB's numbers are decimal."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, dict):
        return {name: _decimal(item) for name, item in value.items()}
    return [_decimal(item) for item in value] if isinstance(value, list) else value


class _Bucket(_Contents):
    takes = "a mapping of keys to strings, or to {file: a path beside the seed}"
    service = "s3"

    def empty(self, physical_id: str) -> None:
        for page in self.client.get_paginator("list_object_versions").paginate(Bucket=physical_id):
            for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                self.client.delete_object(Bucket=physical_id, Key=each["Key"], VersionId=each["VersionId"])

    def fill(self, physical_id: str, seed: Seed) -> None:
        for key, value in seed.value.items():
            body = seed.read_file(value["file"]) if isinstance(value, dict) else value.encode()
            self.client.put_object(Bucket=physical_id, Key=key, Body=body)


class _Queue(_Contents):
    takes = "a list of messages; other values than strings become JSON"
    service = "sqs"

    def empty(self, physical_id: str) -> None:
        """Purge it: deleted and created again under its name, it would get no dead letters any more."""
        self.client.purge_queue(QueueUrl=physical_id)

    def fill(self, physical_id: str, seed: Seed) -> None:
        for message in seed.value:
            self.client.send_message(QueueUrl=physical_id, MessageBody=_text(message))


class _Secret(_Contents):
    takes = "a string; other values become JSON"
    service = "secretsmanager"

    def remember(self, physical_id: str) -> None:
        if self.client.describe_secret(SecretId=physical_id).get("VersionIdsToStages"):
            found = self.client.get_secret_value(SecretId=physical_id)["SecretString"]
            self._first[physical_id] = lambda: self._put(physical_id, found)

    def look(self, physical_id: str) -> object:
        if physical_id not in self._first:
            return None
        found = self.client.get_secret_value(SecretId=physical_id)
        return found["VersionId"], found.get("SecretString")

    def empty(self, physical_id: str) -> None:
        self._first.get(physical_id, lambda: None)()

    def fill(self, physical_id: str, seed: Seed) -> None:
        self._put(physical_id, _text(seed.value))

    def _put(self, physical_id: str, value: str) -> None:
        self.client.put_secret_value(SecretId=physical_id, SecretString=value)


class _Parameter(_Contents):
    takes = "a string"
    service = "ssm"

    def remember(self, physical_id: str) -> None:
        found = self.client.get_parameter(Name=physical_id, WithDecryption=True)["Parameter"]
        self._first[physical_id] = lambda: self._put(physical_id, found["Value"])

    def look(self, physical_id: str) -> object:
        found = self.client.get_parameter(Name=physical_id, WithDecryption=True)["Parameter"]
        return found["Version"], found["Value"]

    def empty(self, physical_id: str) -> None:
        self._first[physical_id]()

    def fill(self, physical_id: str, seed: Seed) -> None:
        self._put(physical_id, _text(seed.value))

    def _put(self, physical_id: str, value: str) -> None:
        self.client.put_parameter(Name=physical_id, Value=value, Overwrite=True)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


_CONTENT_TYPES: dict[str, type[_Contents]] = {
    "AWS::DynamoDB::Table": _Table,
    "AWS::S3::Bucket": _Bucket,
    "AWS::SQS::Queue": _Queue,
    "AWS::SecretsManager::Secret": _Secret,
    "AWS::SSM::Parameter": _Parameter,
}
