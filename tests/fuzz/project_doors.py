"""Every way by which edgeroutes reads a project, as functions of its folder that return what was refused."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
from typing import TYPE_CHECKING

from edgeroutes.build.builder import Builder
from edgeroutes.cli.aws_settings import find_region
from edgeroutes.cli.doctor import check_project
from edgeroutes.cli.routes import print_routes
from edgeroutes.dev.isolation import drop_modules
from edgeroutes.dev.reload import LiveProject
from edgeroutes.errors import EdgeroutesError
from edgeroutes.local_aws.seeds import read_seeds
from edgeroutes.local_aws.template import read_overrides
from edgeroutes.pipeline import plan_project, project_template
from tests.fakes.installer import FakeInstaller

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

LIMIT_CPU_SECONDS = 6.0


def _routes(root: Path) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = print_routes(root, as_json=False)
    if code:
        raise EdgeroutesError(printed.getvalue())


def _build(root: Path) -> None:
    builder = Builder(root, plan_project(root), installer=FakeInstaller({}), site_packages=[])
    with builder.store.locked():
        builder.build()


def _dev(root: Path) -> None:
    live = LiveProject(root, lambda _: None, {})
    live.reload([root / "functions/hello/route.py"])
    project = live.loaded.project
    for route in project.scan.routes:
        project.needs_loop(route)
    project.manifest(strict=False)


def _doctor(root: Path) -> None:
    list(check_project(root))
    find_region({"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}, root)


DOORS: dict[str, Callable[[Path], object]] = {
    "routes": _routes,
    "template": project_template,
    "build": _build,
    "dev": _dev,
    "doctor": _doctor,
    "seeds": read_seeds,
    "parameters": read_overrides,
}


@contextlib.contextmanager
def _undone(root: Path) -> Iterator[None]:
    path = [*sys.path]
    try:
        yield
    finally:
        sys.path[:] = path
        drop_modules(root)


# The doors through which a file is read, by the beginning of its name; each is a cost, so that not all are tried for all.
_DOORS_OF = {
    "functions/": ("routes", "template", "build", "dev"),
    "infra/seed": ("seeds",),
    "infra": ("template", "doctor"),
    "lib": ("build",),
    "samconfig": ("parameters", "doctor"),
    ".env": ("dev",),
    "pyproject": ("routes", "template", "build", "dev", "doctor"),
}


def doors_of(name: str) -> tuple[str, ...]:
    """The doors through which a file of the project is read."""
    return next(doors for start, doors in _DOORS_OF.items() if name.startswith(start))


def refusals(root: Path, doors: Collection[str] = tuple(DOORS)) -> dict[str, str]:
    """What each of these doors refuses, by the door's name; empty for one that lets the project in.

    Raises whatever else a door raises: that is a bug of ours. So is a door that takes long.
    """
    found = {}
    for name, door in DOORS.items():
        if name not in doors:
            continue
        began = time.process_time()
        try:
            with _undone(root):
                door(root)
            found[name] = ""
        except EdgeroutesError as error:
            found[name] = str(error)
            found[name].encode()  # no lone surrogate reaches a terminal
        took = time.process_time() - began
        assert took < LIMIT_CPU_SECONDS, f"{name} took {took:.1f} s"
    return found
