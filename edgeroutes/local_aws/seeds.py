"""infra/seed/*.json and *.yaml: what is in a project's resources at first, in dev and in tests, by logical id. Floor 3."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from edgeroutes.errors import ConfigError, ProjectError, require_no_problems
from edgeroutes.plan.cloudformation import parse_yaml
from edgeroutes.routing.reading import list_folder, read_file, read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    from edgeroutes.local_aws.stack import Cloud


SEED_FOLDER = "infra/seed"
_ENDINGS = (".json", ".yaml", ".yml")
_MAX_OBJECT_BYTES = 1024 * 1024 * 1024
_MAX_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """The first data of one resource.

    Args:
        value: A table's items, a bucket's objects, a queue's messages, a secret's or a parameter's value.
        where: Its file and line.
        folder: Where that file lies; files that the seed names are beside it.
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
            return read_file(self.folder / name, f"{SEED_FOLDER}/{name}", limit_bytes=_MAX_OBJECT_BYTES)
        except FileNotFoundError as err:
            raise ConfigError(f"there is no file {name!r}", where=self.where, hint="Put it beside the seed") from err


def read_seeds(root: Path) -> dict[str, Seed]:
    """What infra/seed/ of the project in `root` says, logical id → seed.

    Raises:
        ProjectError: For files that cannot be read, and for a resource that two of them name.
    """
    folder, seeds = root / SEED_FOLDER, dict[str, Seed]()
    problems: list[ProjectError] = []
    files = [folder / name for name in list_folder(folder, SEED_FOLDER, _ENDINGS)]
    for file in files:
        try:
            _add(seeds, file)
        except ProjectError as err:
            problems.append(err)
    require_no_problems(problems)
    return seeds


def _add(seeds: dict[str, Seed], file: Path) -> None:
    source_file = f"{SEED_FOLDER}/{file.name}"
    parsed = parse_yaml(read_text(file, source_file, limit_bytes=_MAX_BYTES), source_file)  # JSON is YAML
    for logical_id, value in parsed.value.items():
        where = parsed.where(logical_id)
        if logical_id in seeds:
            problem = f"{logical_id!r} is in {seeds[logical_id].where}, too"
            raise ConfigError(problem, where=where, hint="Keep what is in one resource in one file")
        seeds[logical_id] = Seed(value=value, where=where, folder=file.parent)


class Data:
    """The data in a cloud's resources.

    Args:
        cloud: With its resources made.
        seeds: What is there at first, logical id → seed.

    Raises:
        ConfigError: A seed is for nothing, or for something that holds no data.
    """

    def __init__(self, cloud: Cloud, seeds: Mapping[str, Seed]) -> None:
        self._cloud = cloud
        self._seeds = seeds
        self._after_reset: dict[str, object] = {}
        self._keepers = {kind: keeper(cloud) for kind, keeper in _KEEPERS.items()}
        for logical_id, seed in seeds.items():
            self._require_keeper(logical_id, seed)
        for keeper, physical_id, _ in self._kept():
            keeper.remember(physical_id)

    def reset(self) -> None:
        """Empty everything that the stack has, and put the seeds in; what was made outside the stack stays.

        To look is cheaper than to empty and fill, so what is as the last reset left it is left so.

        Raises:
            ConfigError: A seed has a form that its resource does not take, or a resource is not there any more.
        """
        from botocore.exceptions import ClientError

        for keeper, physical_id, seed in self._kept():
            try:
                self._reset_one(keeper, physical_id, seed)
            except ClientError as err:
                hint = "Let a test that deletes resources delete those that it has made itself"
                raise ConfigError(f"it cannot be reset for the next test: {err}", where=physical_id, hint=hint) from err

    def _reset_one(self, keeper: _Keeper, physical_id: str, seed: Seed | None) -> None:
        before = self._after_reset.get(physical_id)
        if before is not None and keeper.look(physical_id) == before:
            return
        keeper.empty(physical_id)
        if seed is not None:
            _fill(keeper, physical_id, seed)
        self._after_reset[physical_id] = keeper.look(physical_id)

    def put(self, logical_ids: Collection[str]) -> None:
        """Put the seeds of these in, over what is there.

        Raises:
            ConfigError: A seed has a form that its resource does not take.
        """
        wanted = {self._cloud.resources[name].physical_id for name in logical_ids if name in self._cloud.resources}
        for keeper, physical_id, seed in self._kept():
            if seed is not None and physical_id in wanted:
                _fill(keeper, physical_id, seed)

    def _kept(self) -> Iterator[tuple[_Keeper, str, Seed | None]]:
        for logical_id, resource in self._cloud.resources.items():
            keeper = self._keepers.get(resource.type_name)
            if keeper is not None:
                yield keeper, resource.physical_id, self._seeds.get(logical_id)

    def _require_keeper(self, logical_id: str, seed: Seed) -> None:
        resource = self._cloud.resources.get(logical_id)
        if resource is None:
            near = get_close_matches(logical_id, self._cloud.resources, n=1)
            hint = f"Did you mean {near[0]!r}" if near else "Name a resource of infra/"
            raise ConfigError(f"there is no resource {logical_id!r}", where=seed.where, hint=hint)
        if resource.type_name not in self._keepers:
            problem = (
                f"{logical_id!r} is {resource.type_name}, which is given no data. Allowed are {', '.join(_KEEPERS)}"
            )
            raise ConfigError(problem, where=seed.where)


class _Keeper:
    """Puts data into resources of one type, and takes it out."""

    takes: str
    service: str

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._first: dict[str, Callable[[], object]] = {}

    @property
    def client(self) -> Any:
        return self._cloud.client(self.service)

    def remember(self, physical_id: str) -> None:
        """Note what the template put there, where it can."""

    def look(self, physical_id: str) -> object:
        """What is there, with all that a test can change of it; None where to look does not tell that, or costs as much as `empty`."""

    def empty(self, physical_id: str) -> None:
        """Take everything out; or back to what the template put there."""
        raise NotImplementedError

    def fill(self, physical_id: str, seed: Seed) -> None:
        """Put the seed in."""
        raise NotImplementedError


def _fill(keeper: _Keeper, physical_id: str, seed: Seed) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        keeper.fill(physical_id, seed)
    except (AttributeError, BotoCoreError, ClientError, TypeError, ValueError) as err:
        problem = f"this is no data for the resource: {err}. Allowed is {keeper.takes}"
        raise ConfigError(problem, where=seed.where) from err


class _Table(_Keeper):
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
    """DynamoDB's numbers are decimal ones."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, dict):
        return {name: _decimal(item) for name, item in value.items()}
    return [_decimal(item) for item in value] if isinstance(value, list) else value


class _Bucket(_Keeper):
    takes = "a mapping of keys to texts, or to {file: a path beside the seed}"
    service = "s3"

    def empty(self, physical_id: str) -> None:
        for page in self.client.get_paginator("list_object_versions").paginate(Bucket=physical_id):
            for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                self.client.delete_object(Bucket=physical_id, Key=each["Key"], VersionId=each["VersionId"])

    def fill(self, physical_id: str, seed: Seed) -> None:
        for key, value in seed.value.items():
            body = seed.read_file(value["file"]) if isinstance(value, dict) else value.encode()
            self.client.put_object(Bucket=physical_id, Key=key, Body=body)


class _Queue(_Keeper):
    takes = "a list of messages; what is no text becomes JSON"
    service = "sqs"

    def empty(self, physical_id: str) -> None:
        """Purge it, as often as it is asked for (`engine`): made anew under its name, it would get no dead letters any more."""
        self.client.purge_queue(QueueUrl=physical_id)

    def fill(self, physical_id: str, seed: Seed) -> None:
        for message in seed.value:
            self.client.send_message(QueueUrl=physical_id, MessageBody=_text(message))


class _Secret(_Keeper):
    takes = "a text; what is none becomes JSON"
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


class _Parameter(_Keeper):
    takes = "a text"
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


_KEEPERS: dict[str, type[_Keeper]] = {
    "AWS::DynamoDB::Table": _Table,
    "AWS::S3::Bucket": _Bucket,
    "AWS::SQS::Queue": _Queue,
    "AWS::SecretsManager::Secret": _Secret,
    "AWS::SSM::Parameter": _Parameter,
}
