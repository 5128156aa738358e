"""Which versions a project gets, and from where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeroutes.build.declared import parse_requirement
from edgeroutes.build.lock_files import ENVIRONMENT
from edgeroutes.build.pins import Pins, own_requirements, read_pins
from edgeroutes.build.target import Target
from edgeroutes.errors import ConfigError, DependencyError, ProblemsError, ProjectError
from tests.fakes.installer import FakeInstaller, FakeWheel, write_wheel

if TYPE_CHECKING:
    from pathlib import Path

TARGET = Target(python="3.13", machine="x86_64")
WHEELS = {"a": FakeWheel(version="1.5", requires=("b",)), "b": FakeWheel(version="2.5"), "c": FakeWheel(version="3.5")}
OWN = [parse_requirement(text, where="").name for text in own_requirements()]


def pins_of(root: Path, installer: FakeInstaller | None = None, cache: Path | None = None) -> Pins:
    site_packages = root / "site-packages"
    for name, wheel in WHEELS.items():
        write_wheel(name, wheel, site_packages)
    installer = installer or FakeInstaller({**WHEELS, **{name: FakeWheel() for name in OWN}}, lock="a==1.0\nb==2.1\n")
    return read_pins(root, installer, TARGET, [site_packages], cache)


def versions(pins: Pins) -> dict[str, str]:
    return {name: pin.version for name, pin in pins.by_name.items() if name not in OWN}


LOCKED = """\
[[package]]
name = "x"
[package.metadata]
requires-dist = [{ name = "a", extras = ["x"], specifier = ">=1" }, { name = "b", specifier = "==2.1" }]
"""
DECLARING = '[project]\nname = "x"\ndependencies = ["a[x]>=1", "b==2.1"]\n'


def test_the_lock_wins_and_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text(LOCKED)
    (tmp_path / "requirements.txt").write_text("c\n")
    (tmp_path / "pyproject.toml").write_text(DECLARING)
    pins = pins_of(tmp_path, cache=tmp_path / "cache")
    assert (pins.source, versions(pins)) == ("uv.lock", {"a": "1.0", "b": "2.1"})
    assert {name: pins.extras_of(name) for name in ("a", "b")} == {"a": {"x"}, "b": set()}
    assert [name for name in ("a", "b") if pins.is_pinned(name)] == ["b"]
    assert [pins.is_declared(name) for name in ("a", "b", "c")] == [True, True, False]
    assert pins_of(tmp_path, FakeInstaller({}, lock="never asked"), cache=tmp_path / "cache") == pins


@pytest.mark.parametrize(
    ("declared", "problems"),
    [
        (
            '"a>=1", "b==2.1"',
            ["pyproject.toml:3: 'a>=1' is not what uv.lock has. Run 'uv lock'."],
        ),
        (
            '"a[x]>=2", "c"',
            [
                "pyproject.toml:3: 'a[x]>=2' is not what uv.lock has. Run 'uv lock'.",
                "pyproject.toml:3: 'c' is not what uv.lock has. Run 'uv lock'.",
                "uv.lock: it has 'b' for 'x', and pyproject.toml no longer declares it. Run 'uv lock'.",
            ],
        ),
        ('"a[X] >= 1", "B == 2.1"', []),
    ],
)
def test_a_lock_that_does_not_match_pyproject_is_refused_line_by_line(
    declared: str, problems: list[str], tmp_path: Path
) -> None:
    (tmp_path / "uv.lock").write_text(LOCKED)
    (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "x"\ndependencies = [{declared}]\n')
    if not problems:
        assert pins_of(tmp_path).source == "uv.lock"
        return
    with pytest.raises((DependencyError, ProblemsError)) as caught:
        pins_of(tmp_path)
    assert str(caught.value).splitlines() == problems


def test_a_lock_of_another_project_is_refused(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text(LOCKED)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "y"\n')
    with pytest.raises(
        DependencyError, match=r"^uv.lock: it has no project 'y', which pyproject.toml names. Run 'uv lock'"
    ):
        pins_of(tmp_path)


_REGISTRIES = """
[[package]]
name = "a"
version = "1.5"
source = { registry = "https://index.example/simple" }
[[package]]
name = "b"
version = "2.1"
source = { registry = "https://corp.example/simple" }
"""
_CORP = '[[tool.uv.index]]\nname = "corp"\nurl = "https://user:word@corp.example/simple/"\nexplicit = true\n'


def test_a_default_index_that_the_lock_was_made_without_is_refused(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text(LOCKED + _REGISTRIES)
    default = '[[tool.uv.index]]\nurl = "https://index.example/simple/"\ndefault = true\n'
    (tmp_path / "pyproject.toml").write_text(DECLARING + _CORP + default)
    assert pins_of(tmp_path).source == "uv.lock"
    (tmp_path / "pyproject.toml").write_text(DECLARING + _CORP + default.replace("index.", "mirror."))
    with pytest.raises(DependencyError) as caught:
        pins_of(tmp_path)
    assert str(caught.value) == (
        "pyproject.toml: the default index is 'https://mirror.example/simple', and uv.lock has distributions of "
        "'https://index.example/simple'. Run 'uv lock'."
    )


def test_another_index_resolves_requirements_anew(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("a\n")
    cache = tmp_path / "cache"
    first = pins_of(tmp_path, cache=cache)
    assert pins_of(tmp_path, FakeInstaller({}), cache=cache) == first
    (tmp_path / "uv.toml").write_text('[[index]]\nurl = "https://mirror.example/simple"\n')
    with pytest.raises(DependencyError, match="no index has 'a'"):
        pins_of(tmp_path, FakeInstaller({}), cache=cache)
    assert str(tmp_path / "uv.toml") in first.files


def test_the_lock_of_a_workspace_counts_for_its_members_alone(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text(LOCKED)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.uv.workspace]\nmembers = ["services/*"]\nexclude = ["services/out"]\n'
    )
    for name in ("in", "out"):
        (tmp_path / "services" / name).mkdir(parents=True)
        (tmp_path / "services" / name / "pyproject.toml").write_text(DECLARING)
    member = pins_of(tmp_path / "services" / "in")
    assert (member.source, versions(member)) == ("uv.lock", {"a": "1.0", "b": "2.1"})
    assert str(tmp_path / "uv.lock") in member.files
    assert pins_of(tmp_path / "services" / "out").source == ENVIRONMENT


def test_a_lock_of_pep_751_is_read_for_the_target(tmp_path: Path) -> None:
    (tmp_path / "pylock.toml").write_text(
        """\
lock-version = "1.0"
created-by = "test"
[[packages]]
name = "A_b"
version = "1.0"
marker = "sys_platform == 'linux'"
wheels = [{ path = "vendor/A_b-1.0-py3-none-any.whl", hashes = { sha256 = "aa" } }]
[[packages]]
name = "only-windows"
version = "1.0"
marker = "sys_platform == 'win32'"
[[packages]]
name = "folder"
directory = { path = "../folder" }
[[packages]]
name = "repository"
vcs = { type = "git", url = "https://example.org/r.git", commit-id = "abc", subdirectory = "sub" }
[[packages]]
name = "edgeroutes"
version = "0.1.0"
"""
    )
    pins = pins_of(tmp_path)
    assert (pins.source, sorted(pins.by_name)) == ("pylock.toml", ["a-b", "repository"])
    ab, repository = pins.by_name["a-b"], pins.by_name["repository"]
    assert ab.package["wheels"][0]["path"] == str(tmp_path / "vendor" / "A_b-1.0-py3-none-any.whl")
    assert (ab.requirement, ab.hashes, ab.wheels(TARGET)) == ("a-b==1.0", ("sha256:aa",), ["A_b-1.0-py3-none-any.whl"])
    assert repository.requirement == "repository @ git+https://example.org/r.git@abc#subdirectory=sub"
    assert (repository.hashes, repository.has_source) == (("commit:abc",), True)
    assert pins.absent == {"folder": tmp_path.parent / "folder"}


def test_a_lock_of_poetry_is_read_for_the_target(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.poetry.dependencies]\na = {version = "^1", extras = ["x"]}\n')
    (tmp_path / "poetry.lock").write_text(
        """\
[[package]]
name = "A"
version = "1.2"
files = [{file = "a-1.2.tar.gz", hash = "sha256:aa"}, {file = "a-1.2-py3-none-any.whl", hash = "sha256:bb"}]
[[package]]
name = "corp"
version = "1.0"
files = []
[package.source]
type = "legacy"
url = "https://corp.example/simple"
reference = "corp"
[[package]]
name = "repository"
version = "1.0"
[package.source]
type = "git"
url = "https://example.org/r.git"
resolved_reference = "abc"
[[package]]
name = "only-windows"
version = "1.0"
markers = "sys_platform == 'win32'"
[[package]]
name = "grouped"
version = "1.0"
[package.markers]
main = "sys_platform == 'win32'"
dev = "sys_platform == 'linux'"
[[package]]
name = "optional"
version = "1.0"
markers = "sys_platform == 'linux' and extra == 'tables' or extra == 'other'"
[[package]]
name = "unreachable"
version = "1.0"
markers = "extra == 'absent'"
[extras]
tables = ["optional"]
[metadata]
lock-version = "2.1"
"""
    )
    pins = pins_of(tmp_path)
    assert (pins.source, versions(pins)) == (
        "poetry.lock",
        {"a": "1.2", "corp": "1.0", "repository": "1.0", "grouped": "1.0", "optional": "1.0"},
    )
    assert pins.by_name["a"].hashes == ("sha256:aa", "sha256:bb")
    assert pins.by_name["corp"].index == "corp=https://corp.example/simple"
    assert pins.by_name["repository"].hashes == ("commit:abc",)
    assert pins.extras_of("a") == {"x"}


def test_a_lock_of_pdm_is_read_for_the_target(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "p"\nversion = "0"\ndependencies = ["a[x]"]\n')
    (tmp_path / "folder").mkdir()
    (tmp_path / "pdm.lock").write_text(
        """\
[metadata]
groups = ["default", "dev"]
lock_version = "4.5.0"
[[package]]
name = "a"
version = "1.2"
groups = ["default"]
files = [{file = "a-1.2-py3-none-any.whl", hash = "sha256:bb"}]
[[package]]
name = "a"
version = "1.2"
extras = ["x"]
groups = ["default"]
files = [{file = "a-1.2-py3-none-any.whl", hash = "sha256:bb"}]
[[package]]
name = "only-windows"
version = "1.0"
marker = "sys_platform == \\"win32\\""
[[package]]
name = "repository"
version = "1.0"
git = "https://example.org/r.git"
ref = "main"
revision = "abc"
[[package]]
name = "archive"
version = "1.0"
url = "https://example.org/archive-1.0-py3-none-any.whl"
[[package]]
name = "folder"
version = "1.0"
path = "./folder"
editable = true
"""
    )
    pins = pins_of(tmp_path)
    assert (pins.source, versions(pins)) == ("pdm.lock", {"a": "1.2", "repository": "1.0", "archive": "1.0"})
    assert pins.by_name["a"].hashes == ("sha256:bb",)
    assert pins.by_name["repository"].requirement == "repository @ git+https://example.org/r.git@abc"
    assert pins.by_name["archive"].requirement == "archive @ https://example.org/archive-1.0-py3-none-any.whl"
    assert pins.absent == {"folder": tmp_path / "folder"}


def test_requirements_are_compiled_with_those_they_include(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("a  # why\n-c more/constraints.txt\nedgeroutes[dev]==1\n")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "constraints.txt").write_text("b<3\n")
    pins = pins_of(tmp_path)
    assert (pins.source, versions(pins)) == ("requirements.txt", {"a": "1.5", "b": "2.5"})
    assert pins.files[-1] == "more/constraints.txt"
    again = pins_of(tmp_path, cache=tmp_path / "cache")
    assert pins_of(tmp_path, FakeInstaller({}), cache=tmp_path / "cache") == again
    (tmp_path / "more" / "constraints.txt").write_text("b<4\n")
    with pytest.raises(ProblemsError, match=r"^requirements\.txt:1: no index has 'a'"):
        pins_of(tmp_path, FakeInstaller({}), cache=tmp_path / "cache")


def test_what_pyproject_needs_to_run_counts_beside_requirements(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("b\n")
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["c"]\n[dependency-groups]\ndev = ["a"]\n')
    pins = pins_of(tmp_path)
    assert versions(pins) == {"b": "2.5", "c": "3.5"}
    assert [(each.name, each.is_dev_only) for each in pins.distributions] == [("c", False), ("a", True), ("b", False)]


def test_a_hash_that_no_file_has_is_refused_for_each_line(tmp_path: Path) -> None:
    right = "sha256:" + "2.5" * 8  # as the fake's index has it
    (tmp_path / "requirements.txt").write_text(
        f"a==1.5 --hash=sha256:00\nb==2.5 --hash={right}\nc==3.5 \\\n  --hash=sha256:11\n"
    )
    with pytest.raises(ProblemsError) as caught:
        pins_of(tmp_path)
    first, second = str(caught.value).splitlines()
    assert first.startswith(
        "requirements.txt:1: no file of 'a==1.5' has a hash that this line lists: theirs are sha256:1.5"
    )
    assert second.startswith("requirements.txt:3: no file of 'c==3.5' has a hash")
    (tmp_path / "requirements.txt").write_text(f"b==2.5 --hash={right}\n")
    assert versions(pins_of(tmp_path)) == {"b": "2.5"}


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


def test_extras_count_from_every_group_and_drivers_from_those_that_are_not_tools(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["a"]\n[project.optional-dependencies]\npg = ["b[binary]"]\n[dependency-groups]\ndev = ["a[x]", "c"]\n'
    )
    pins = pins_of(tmp_path)
    assert [pins.extras_of(name) for name in ("a", "b", "c")] == [{"x"}, {"binary"}, set()]
    assert [pins.is_pinned(name) for name in ("a", "b", "c")] == [False, False, False]


def test_a_frozen_requirements_file_pins_no_boto3(tmp_path: Path) -> None:
    def is_pinned(*lines: str) -> bool:
        (tmp_path / "requirements.txt").write_text("\n".join(lines))
        wheels = {name: FakeWheel() for name in (*OWN, "a", "boto3", "botocore")}
        return pins_of(tmp_path, FakeInstaller(wheels)).is_pinned("boto3")

    assert is_pinned("boto3==1.0")
    assert not is_pinned("boto3==1.0", "botocore==1.0")
    assert not is_pinned("a==1.0")


def test_a_pyproject_that_is_not_valid_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project\n")
    with pytest.raises(ConfigError, match=r"^pyproject\.toml:1: not valid TOML"):
        pins_of(tmp_path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("uv.lock", "package = 1\n"),
        ("uv.lock", '[[package]]\nname = "x"\nmetadata = [1]\n'),
        ("pylock.toml", 'lock-version = "1.0"\npackages = [1]\n'),
        ("pylock.toml", "lock-version = '2.0'\n"),
        ("poetry.lock", "package = [{}]\n"),
        ("poetry.lock", '[[package]]\nname = "a"\n'),
        ("uv.lock", "[package\n"),
    ],
)
def test_a_file_that_is_not_a_lock_is_refused_with_its_name(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n[tool]\nuv = 1\n')
    (tmp_path / name).write_text(text)
    with pytest.raises(ProjectError, match=f"^{name}"):
        pins_of(tmp_path)


def test_a_package_that_conda_built_elsewhere_is_pinned_by_its_version(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "p"\nversion = "0"\ndependencies = ["from-conda"]\n')
    write_wheel("from-conda", FakeWheel(files={"a/fast.so": ""}), tmp_path / "site-packages")
    metadata = tmp_path / "site-packages" / "from_conda-1.0.dist-info"
    (metadata / "INSTALLER").write_text("conda\n")
    (metadata / "direct_url.json").write_text('{"dir_info": {}, "url": "file:///feedstock_root/build_artifacts/work"}')
    pins = pins_of(tmp_path)
    assert (pins.local, pins.by_name["from-conda"].requirement) == ({}, "from-conda==1.0")
