"""Files of pinned distributions into a folder: wheels for the functions' platform; where there is none, one built from its source.

What nobody has looked up yet (versions of an environment, of a lock without URLs) is resolved first, one version each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeroutes.build.installer import Request
from edgeroutes.build.lock_files import ENVIRONMENT
from edgeroutes.build.modules import OWN_PACKAGE, normalize_name
from edgeroutes.build.pins import Pins, own_requirements
from edgeroutes.build.pylock import Pin, described_platforms, parse_pylock, render_pylock, wheel_tags
from edgeroutes.build.python_versions import check_wheel_pythons
from edgeroutes.build.requirements import parse_requirement
from edgeroutes.build.uv_errors import native_error
from edgeroutes.errors import DependencyError, require_no_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from pathlib import Path

    from edgeroutes.build.installer import Installer
    from edgeroutes.build.target import Target
    from edgeroutes.errors import ProjectError

_SHOWN_PLATFORMS = 6


class Fetcher:
    """Gets the files of a project's distributions.

    Args:
        root: The project.
        installer: Resolves and installs.
        pins: What is pinned.
        target: What the files are for.
        progress: Gets the name of each step when it begins.
    """

    def __init__(
        self,
        root: Path,
        installer: Installer,
        pins: Pins,
        target: Target,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._root = root
        self._installer = installer
        self._pins = pins
        self._target = target
        self._progress = progress

    def fetch(self, names: Collection[str], into: Path, *, with_requirements: bool) -> None:
        """Put distributions into a folder.

        Args:
            names: Normalized.
            into: A folder.
            with_requirements: Whether what they require comes along, where that has to be looked up.

        Raises:
            DependencyError: One cannot be had; ProblemsError for several.
        """
        pins = self._located(names, with_requirements=with_requirements)
        require_no_problems([problem for pin in pins if (problem := self._unusable(pin)) is not None])
        ready = [pin for pin in pins if pin.wheels(self._target)]
        if ready:
            self._installer.install(render_pylock(ready), self._root, self._target, into, options=self._pins.options)
        problems: list[ProjectError] = []
        for pin in pins:
            if pin not in ready:
                try:
                    self._build(pin, into)
                except DependencyError as error:
                    problems.append(error)
        require_no_problems([*problems, *check_wheel_pythons(into, self._target.python)])

    def _build(self, pin: Pin, into: Path) -> None:
        """Build a wheel from a distribution's source, which must not come out with machine code."""
        self._progress(f"building {pin.name}")
        self._installer.install(
            render_pylock([pin]), self._root, self._target, into, options=self._pins.options, builds=True
        )
        for metadata in into.glob("*.dist-info"):
            tags = wheel_tags(metadata) if normalize_name(metadata.name.partition("-")[0]) == pin.name else []
            native = [tag for tag in tags if not tag.endswith("-none-any")]
            if native:
                raise native_error(pin.name, native[0], "")

    def _located(self, names: Collection[str], *, with_requirements: bool) -> list[Pin]:
        """The pins of these names, each with its files."""
        known = [pin for name in sorted(names) if (pin := self._pins.by_name.get(name)) is not None]
        located = {pin.name: pin for pin in known if pin.package}
        sought = [pin for pin in known if not pin.package]
        unpinned = sorted(set(names) - {pin.name for pin in known})
        by_index: dict[str, list[str]] = {}
        for pin in sought:
            by_index.setdefault(pin.index, []).append(pin.requirement)
        if unpinned:
            by_index.setdefault("", []).extend(_own_texts(unpinned))
        for index, requirements in by_index.items():
            found = self._look_up(requirements, index, is_flat=not with_requirements)
            for pin in found:
                allowed = self._pins.by_name[pin.name].allowed if pin.name in self._pins.by_name else frozenset()
                located.setdefault(pin.name, pin.with_hashes(allowed) if allowed else pin)
        return list(located.values())

    def _look_up(self, requirements: Iterable[str], index: str, *, is_flat: bool) -> Iterable[Pin]:
        request = Request(
            where=self._pins.source if self._pins.source != ENVIRONMENT else "",
            requirements="".join(f"{line}\n" for line in requirements),
            constraints=self._pins.text,
            overrides=f"{OWN_PACKAGE} ; python_version < '0'\n",
            options=(*self._pins.options, *(("--default-index", index) if index else ())),
            is_flat=is_flat or bool(index),
        )
        lock = self._installer.compile(request, self._root, self._target)
        found = parse_pylock(lock, self._root, self._target.marker_environment(), where=self._pins.source)
        return [pin for name, pin in found.pins.items() if name not in self._pins.local]

    def _unusable(self, pin: Pin) -> DependencyError | None:
        """Why no file of a distribution can go into a function; None where one can."""
        if pin.wheels(self._target) or (pin.has_source and not pin.wheel_names):
            return None
        where = f"python{self._target.python} on {self._target.machine}"
        version = f" {pin.version}" if pin.version else ""
        if not pin.files and not pin.allowed:
            return DependencyError(f"{pin.name!r}{version} has no file in {self._pins.source}", hint="Lock again")
        if not pin.files:
            hashes = ", ".join(sorted(pin.allowed))
            problem = f"{pin.name!r}{version} has no file with a hash that {self._pins.source} lists ({hashes})"
            return DependencyError(problem, hint="Find out why they differ, then lock again")
        platforms = list(described_platforms(pin))
        shown = ", ".join(platforms[:_SHOWN_PLATFORMS]) + (" …" if len(platforms) > _SHOWN_PLATFORMS else "")
        # Who publishes wheels for single platforms has machine code: its source would be compiled, for minutes, to be refused.
        problem = f"{pin.name!r}{version} has no wheel for {where} ({self._target.platform}). It has wheels for {shown}"
        hint = f"Choose a version of {pin.name!r} that has such a wheel, or replace it"
        return DependencyError(problem, hint=hint)


def install_distributions(
    requirements: Iterable[str], root: Path, installer: Installer, target: Target, into: Path
) -> None:
    """Put distributions, and what they require, into a new folder.

    Raises:
        DependencyError: One cannot be had; ProblemsError for several.
    """
    by_name = {}
    for text in requirements:
        name = normalize_name(parse_requirement(text, where="").name)
        by_name[name] = Pin(name=name, requirement=text)
    into.mkdir(parents=True)
    pins = Pins(source=ENVIRONMENT, by_name=by_name)
    Fetcher(root, installer, pins, target).fetch(by_name, into, with_requirements=True)


def _own_texts(names: Iterable[str]) -> list[str]:
    """Requirements for names that nobody pins: as edgeroutes requires them, where it does."""
    own = {normalize_name(parse_requirement(text, where=OWN_PACKAGE).name): text for text in own_requirements()}
    return [own.get(name, name) for name in names]
