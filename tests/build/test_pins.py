"""Which versions a project gets, and from where."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgeroutes.build.pins import ENVIRONMENT, Pins, read_pins
from edgeroutes.build.requirements import Declared, Pin, parse_declared, parse_pins, without_edgeroutes
from edgeroutes.build.target import Target
from edgeroutes.errors import ConfigError, DependencyError
from tests.fakes.installer import FakeInstaller, FakeWheel, write_wheel

TARGET = Target(python="3.13", machine="x86_64")
LOCK = """\
# comment
a==1.0 \\
    --hash=sha256:bb \\
    --hash=sha256:aa
b==2.0 ; sys_platform == 'win32'
b==2.1 ; sys_platform != 'win32'
C_d @ https://example.org/c-d.tar.gz
./libs/local
-e ./libs/other
"""
WHEELS = {"a": FakeWheel(version="1.5", requires=("b",)), "b": FakeWheel(version="2.5"), "c": FakeWheel(version="3.5")}


def pins_of(root: Path, installer: FakeInstaller | None = None, cache: Path | None = None) -> Pins:
    site_packages = root / "site-packages"
    for name, wheel in WHEELS.items():
        write_wheel(name, wheel, site_packages)
    return read_pins(root, installer or FakeInstaller(WHEELS, lock=LOCK), TARGET, [site_packages], cache)


def test_a_lock_is_read_for_the_target() -> None:
    assert parse_pins(LOCK, TARGET.marker_environment(), where="uv.lock") == {
        "a": Pin(name="a", requirement="a==1.0", version="1.0", hashes=("sha256:aa", "sha256:bb")),
        "b": Pin(name="b", requirement="b==2.1", version="2.1"),
        "c-d": Pin(name="c-d", requirement="C_d @ https://example.org/c-d.tar.gz"),
    }


def test_a_wheel_in_a_folder_is_pinned_by_its_path() -> None:
    pin = parse_pins("./vendor/own_thing-1-py3-none-any.whl\n", {}, where="x")["own-thing"]
    assert pin.requirement == f"own_thing @ {Path('vendor/own_thing-1-py3-none-any.whl').absolute().as_uri()}"


def test_a_line_that_is_no_requirement_is_refused() -> None:
    with pytest.raises(DependencyError, match=r"^uv.lock: 'a=1' is no requirement"):
        parse_pins("a=1\n", {}, where="uv.lock")


def test_the_lock_wins_and_is_asked_for_once(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text("")
    (tmp_path / "requirements.txt").write_text("c\n")
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["a[x]>=1", "b==2.1"]\n')
    pins = pins_of(tmp_path, cache=tmp_path / "cache")
    assert (pins.source, sorted(pins.by_name)) == ("uv.lock", ["a", "b", "c-d"])
    assert pins.direct == Declared(extras={"a": frozenset({"x"}), "b": frozenset()}, exact=frozenset({"b"}))
    assert [pins.is_declared(name) for name in ("a", "c-d", "c")] == [True, True, False]
    assert pins_of(tmp_path, FakeInstaller({}, lock="never asked"), cache=tmp_path / "cache") == pins


def test_requirements_are_compiled_with_those_they_include(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("-r more/base.txt\nedgeroutes[dev]==1\n")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "base.txt").write_text("a  # why\n")
    installer = FakeInstaller({**WHEELS, **{name: FakeWheel() for name in own_names()}})
    pins = pins_of(tmp_path, installer)
    assert pins.source == "requirements.txt"
    assert {name: pins.by_name[name].version for name in ("a", "b")} == {"a": "1.5", "b": "2.5"}
    assert "edgeroutes" not in pins.by_name
    assert pins.files == ("pyproject.toml", "uv.lock", "requirements.txt", str(tmp_path / "more" / "base.txt"))


def own_names() -> list[str]:
    from edgeroutes.build.pins import own_requirements

    return [*parse_declared(own_requirements(), where="x").extras]


def test_edgeroutes_in_requirements_stands_for_what_it_requires() -> None:
    given = "a\n-e ../edgeroutes[dev]\nedgeroutes @ https://x\nEdgeRoutes>=1\n-r x\n"
    assert without_edgeroutes(given, ["starlette"]) == "a\nstarlette\nstarlette\nstarlette\n-r x\n"


def test_without_either_what_is_installed_counts(tmp_path: Path) -> None:
    pins = pins_of(tmp_path)
    assert (pins.source, pins.text) == (ENVIRONMENT, "a==1.5\nb==2.5\nc==3.5\n")
    assert pins.is_declared("c")


def test_with_dependencies_in_pyproject_only_their_closure_is_declared(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["A"]\n[dependency-groups]\ndev = ["x", {include-group = "y"}]\n'
    )
    pins = pins_of(tmp_path)
    assert [pins.is_declared(name) for name in ("a", "b", "x", "c")] == [True, True, True, False]


def test_a_frozen_requirements_file_pins_no_boto3() -> None:
    def pins(*exact: str) -> Pins:
        return Pins(source="requirements.txt", direct=Declared(exact=frozenset(exact)))

    assert pins("boto3").is_pinned("boto3")
    assert not pins("boto3", "botocore").is_pinned("boto3")
    assert not pins("a").is_pinned("boto3")


def test_a_pyproject_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project\n")
    with pytest.raises(ConfigError, match=r"^pyproject.toml:1: this is not TOML"):
        pins_of(tmp_path)
