"""What no import shows: edgeroutes' features with what they bring, and distributions that import others by name. Floor 2; no I/O.

edgeroutes imports Starlette, Mangum and Powertools inside functions, when a route uses them. Which route does, its source says.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeroutes.build.modules import OWN_PACKAGE
from edgeroutes.build.syntax import attribute_uses
from edgeroutes.plan.model import REVALIDATION

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from edgeroutes.build.imports import FileImports


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """Something that edgeroutes does with the help of distributions.

    Args:
        name: As messages call it.
        brings: The distributions that it needs.
        brings_declared: Those that it needs only where the project declares them.
        names: Names of edgeroutes whose use marks it.
        methods: Attribute calls that mark it, whatever they are called on.
        mounts_app: Whether exporting `app` marks it.
    """

    name: str
    brings: tuple[str, ...]
    brings_declared: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    methods: frozenset[str] = frozenset()
    mounts_app: bool = False


FEATURES = (
    # A body model takes fields of a form without any of these; one with files it refuses, and the log says what to include.
    Feature(
        name="forms",
        brings=("starlette", "python-multipart"),
        names=frozenset({"File", "Form"}),
        methods=frozenset({"form"}),
    ),
    Feature(name="a mounted app", brings=("mangum",), mounts_app=True),
    Feature(name="logger", brings=("aws-lambda-powertools",), names=frozenset({"logger"})),
    Feature(name="metrics", brings=("aws-lambda-powertools",), names=frozenset({"metrics"})),
    Feature(
        name="tracer", brings=("aws-lambda-powertools",), brings_declared=("aws-xray-sdk",), names=frozenset({"tracer"})
    ),
    Feature(name="idempotency", brings=("aws-lambda-powertools",), names=frozenset({"idempotency", "idempotent"})),
    # Lambda has boto3 and what it requires itself; a project that pins them gets the pinned ones.
    Feature(name="the data cache", brings=("boto3",), names=frozenset({"cached", "fetch"})),
    Feature(name="fetch", brings=("urllib3",), names=frozenset({"fetch"})),
    Feature(name=REVALIDATION, brings=("boto3",), names=frozenset({"revalidate_path", "revalidate_tag"})),
)

# Distributions that import others by a name that only their settings or arguments hold. Each of the others goes along if the project
# itself declares it. Sources: SQLAlchemy "Dialects" (the driver is in the URL); PyJWT's algorithms.py and passlib's handlers (a try around
# the import, an error at first use); pydantic's networks.py (EmailStr); Starlette's sessions.py and templating.py; httpx's http2=True;
# Powertools' Tracer, which imports aws_xray_sdk by name.
COMPANIONS: Mapping[str, tuple[str, ...]] = {
    "aws-lambda-powertools": ("aws-xray-sdk", "fastjsonschema", "pydantic", "redis"),
    "httpx": ("brotli", "h2", "socksio", "zstandard"),
    "passlib": ("argon2-cffi", "bcrypt"),
    "pydantic": ("email-validator",),
    "pyjwt": ("cryptography",),
    "sqlalchemy": (
        "aiomysql", "aiosqlite", "asyncmy", "asyncpg", "greenlet", "mysqlclient", "oracledb", "pg8000", "psycopg", "psycopg-binary",
        "psycopg2", "psycopg2-binary", "pymssql", "pymysql", "pyodbc", "sqlalchemy-aurora-data-api",
    ),
    "starlette": ("itsdangerous", "jinja2", "python-multipart"),
}  # fmt: skip
# Lambda's images from python3.12 on have no time zone database.
STDLIB_COMPANIONS: Mapping[str, tuple[str, ...]] = {"zoneinfo": ("tzdata",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureUse:
    """A feature in a file, with the line that shows it."""

    feature: Feature
    line: int


def find_features(source: bytes, tree: ast.Module, imports: FileImports, *, app_line: int = 0) -> Iterator[FeatureUse]:
    """The features that a file of the project uses, each once, with its first line.

    Args:
        source: Of the file.
        tree: The same, parsed.
        imports: The same, read by the tracer.
        app_line: Where a route file exports `app`; 0 for a file that exports none.
    """
    used = _own_names(tree, imports)
    calls = _method_calls(tree) if b".form" in source else {}
    for feature in FEATURES:
        lines = [line for name, line in used.items() if name in feature.names]
        lines += [line for name, line in calls.items() if name in feature.methods]
        lines += [app_line] if feature.mounts_app and app_line else []
        if lines:
            yield FeatureUse(feature=feature, line=min(lines))


def companions(name: str, declared: Collection[str]) -> list[str]:
    """The distributions, of those that the project declares, that go along with one that it uses."""
    return [each for each in COMPANIONS.get(name, ()) if each in declared]


def stdlib_companions(stdlib: Collection[str], declared: Collection[str]) -> Iterator[tuple[str, str]]:
    """The declared distributions that modules of the standard library need, each with the module."""
    for module in stdlib:
        yield from ((each, module) for each in STDLIB_COMPANIONS.get(module, ()) if each in declared)


def _own_names(tree: ast.Module, imports: FileImports) -> dict[str, int]:
    """Names of edgeroutes' that the file imports or asks of the package, each with its line."""
    found: dict[str, int] = {}
    for site in imports.sites:
        if site.level or site.module.partition(".")[0] != OWN_PACKAGE:
            continue
        asked = site.names or (attribute_uses(tree).get(site.binds[0]) if site.binds else ()) or ()
        for name in (*asked, site.module.rpartition(".")[2]):
            found.setdefault(name, site.line)
    return found


def _method_calls(tree: ast.Module) -> dict[str, int]:
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute))
    return {call.func.attr: call.lineno for call in calls if isinstance(call.func, ast.Attribute)}
