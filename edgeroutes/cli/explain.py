"""`edgeroutes explain`: the handler of a request and the CDN's caching of its response, from the files alone."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from edgeroutes.cli import DONE
from edgeroutes.cli.invoke import read_request
from edgeroutes.dev.explanation import explain
from edgeroutes.dev.project import Project
from edgeroutes.pipeline import plan_project

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from edgeroutes.dev.explanation import Caching, Explanation
    from edgeroutes.dev.gateway import HttpRequest


def read_target(method: str, target: str, headers: Sequence[str]) -> HttpRequest:
    """The request for a path or URL.

    Raises:
        ValueError: It is neither, or the method or a header is not valid.
    """
    url = urlsplit(target)
    if url.scheme in ("http", "https") and url.netloc:
        headers = [f"Host: {url.netloc}", *headers]
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    return read_request(method, target, headers=headers, data=None)


def print_explanation(root: Path, request: HttpRequest, *, as_json: bool) -> int:
    found = explain(Project(root), plan_project(root), request, lambda file: (root / file).read_text("utf-8"))
    if as_json:
        print(json.dumps(document(found), indent=2, default=str))
    else:
        for name, value in _rows(found):
            click.echo(f"{click.style(f'{name:<10}', bold=True)} {value}" if name else f"{'':<10} {value}")
    return DONE


def document(found: Explanation) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(found).items()}


def _rows(found: Explanation) -> Iterator[tuple[str, str]]:
    """Pairs of a label and a text; further lines of a text have no label."""
    status = f"{found.status}: " if found.status is not None else ""
    yield f"{found.method}", found.target
    yield "handler", f"{status}{found.handler}"
    yield from [("location", found.location)] if found.location else []
    yield "function", found.logical_id
    if found.route_path:
        yield "route", f"{found.route_path}  {found.source_file}"
        yield from _listed("params", [f"{name} = {value!r}" for name, value in found.params.items()])
        yield from _listed("middleware", found.middleware_files)
        yield from [("methods", found.allow)] if found.allow else []
    yield from _caching_rows(found.caching)
    yield from [("cors", found.cors)] if found.cors else []


def _caching_rows(caching: Caching) -> Iterator[tuple[str, str]]:
    lifetime = "not cached" if caching.lifetime_seconds is None else f"{caching.lifetime_seconds:,} s"
    yield "cache", f"{lifetime}: {caching.cache_control}"
    yield from _listed("source", caching.source)
    yield from _listed("exceptions", caching.exceptions)
    yield from [("key", caching.key)] if caching.key else []
    yield from [("tags", ", ".join(caching.tags))] if caching.tags else []


def _listed(name: str, values: Sequence[str]) -> Iterator[tuple[str, str]]:
    for number, value in enumerate(values):
        yield "" if number else name, value
