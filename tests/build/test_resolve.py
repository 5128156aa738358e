"""What names stand for on a search path, one rule of Python's import system at a time."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from edgeroutes.build.distributions import DistributionIndex, installed_site_packages
from edgeroutes.build.modules import Form, Module, Origin, SearchPath, normalize_name
from edgeroutes.build.resolve import Resolver

if TYPE_CHECKING:
    from pathlib import Path


def write(root: Path, *files: str) -> None:
    for file in files:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", encoding="utf-8")


def record(site_packages: Path, name: str, *files: str) -> None:
    """Install empty files as a distribution."""
    write(site_packages, *files, f"{name}.dist-info/RECORD")
    (site_packages / f"{name}.dist-info" / "RECORD").write_text(
        "".join(f'"{file}",,\n' if "," in file else f"{file},sha256=x,0\n" for file in files), encoding="utf-8"
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tmp_path / "project"


@pytest.fixture
def site_packages(tmp_path: Path) -> Path:
    return tmp_path / "site-packages"


@pytest.fixture
def search_path(project: Path, site_packages: Path, tmp_path: Path) -> SearchPath:
    return SearchPath(project_root=project, site_packages=(site_packages,), edgeroutes_root=tmp_path / "own")


def found(search_path: SearchPath, name: str) -> list[tuple[str, str, str, str]]:
    """Name, origin, form and file of all that importing the name loads; what is missing stands last."""
    resolution = Resolver(search_path).resolve(name)
    loaded = [(m.name, str(m.origin), str(m.form), m.archive_path) for m in resolution.modules]
    return loaded + ([(resolution.missing, "missing", "", "")] if resolution.missing else [])


def test_a_module_of_the_project_is_a_whole_value(search_path: SearchPath, project: Path) -> None:
    write(project, "lib/db.py")

    assert Resolver(search_path).resolve("lib.db").modules == (
        Module(
            name="lib",
            origin=Origin.PROJECT,
            form=Form.NAMESPACE,
            path=project / "lib",
            root=project,
            archive_path="lib",
        ),
        Module(
            name="lib.db",
            origin=Origin.PROJECT,
            form=Form.SOURCE,
            path=project / "lib/db.py",
            root=project,
            archive_path="lib/db.py",
        ),
    )


def test_a_module_of_a_distribution_says_whose_it_is(search_path: SearchPath, site_packages: Path) -> None:
    record(site_packages, "My_Dist.x-1.0", "dist/__init__.py")

    assert Resolver(search_path).resolve("dist").modules == (
        Module(
            name="dist",
            origin=Origin.DISTRIBUTION,
            form=Form.PACKAGE,
            path=site_packages / "dist/__init__.py",
            root=site_packages,
            archive_path="dist/__init__.py",
            distribution="my-dist-x",
        ),
    )


def test_a_dotted_name_loads_every_package_on_the_way(search_path: SearchPath, project: Path) -> None:
    write(project, "a/__init__.py", "a/b/__init__.py", "a/b/c.py")

    assert found(search_path, "a.b.c") == [
        ("a", "project", "package", "a/__init__.py"),
        ("a.b", "project", "package", "a/b/__init__.py"),
        ("a.b.c", "project", "module", "a/b/c.py"),
    ]


def test_a_package_stands_before_a_module_and_a_source_before_an_extension(
    search_path: SearchPath, project: Path
) -> None:
    write(project, "a/__init__.py", "a.py", "b.py", "b.abi3.so", "c/x.py", "c.py", "d.cpython-313-darwin.so", "e.pyi")

    assert [found(search_path, name)[0][2:] for name in "abcde"] == [
        ("package", "a/__init__.py"),
        ("module", "b.py"),
        ("module", "c.py"),
        ("extension module", "d.cpython-313-darwin.so"),
        ("", ""),
    ]


def test_the_project_stands_before_distributions_and_builtins_before_all(
    search_path: SearchPath, project: Path, site_packages: Path
) -> None:
    write(project, "yaml.py", "sys.py", "queue/__init__.py", "json/notes.py")
    write(site_packages, "yaml/__init__.py", "queue.py", "json.py")

    assert [found(search_path, name)[0][1:] for name in ("yaml", "sys", "queue", "json")] == [
        ("project", "module", "yaml.py"),
        ("standard library", "no file", ""),
        ("project", "package", "queue/__init__.py"),
        ("standard library", "no file", ""),
    ]


def test_a_regular_package_further_on_stands_before_a_namespace(
    search_path: SearchPath, project: Path, site_packages: Path
) -> None:
    write(project, "numpy/notes.py")
    record(site_packages, "numpy-2.0", "numpy/__init__.py")

    assert found(search_path, "numpy.notes") == [
        ("numpy", "distribution", "package", "numpy/__init__.py"),
        ("numpy.notes", "missing", "", ""),
    ]


def test_a_namespace_package_is_made_of_all_its_directories(
    search_path: SearchPath, project: Path, site_packages: Path
) -> None:
    write(project, "space/here.py")
    write(site_packages, "space/there.py")

    assert found(search_path, "space.there")[1] == ("space.there", "distribution", "module", "space/there.py")


def test_what_is_missing_is_the_first_part_that_is_not_there(search_path: SearchPath, project: Path) -> None:
    write(project, "a/__init__.py")

    assert [found(search_path, name)[-1][0] for name in ("a.b.c", "x.y.z", "os.path.no")] == ["a.b", "x", "os.path.no"]


@pytest.mark.parametrize(
    ("level", "module", "expected"),
    [
        (1, "schemas", ["functions/[id]/schemas.py"]),
        (2, "shared", ["functions/__init__.py", "functions/shared.py"]),
        (3, "top", ["top.py"]),
        (1, "", []),
        (1, "nothing", [".nothing"]),
        (4, "above", ["....above"]),
    ],
)
def test_a_relative_import_goes_by_directory(
    search_path: SearchPath, project: Path, level: int, module: str, expected: list[str]
) -> None:
    write(project, "functions/[id]/route.py", "functions/[id]/schemas.py", "functions/__init__.py")
    write(project, "functions/shared.py", "top.py", "../above.py")
    resolver = Resolver(search_path)

    found = resolver.resolve_relative(resolver.entry(project / "functions/[id]/route.py"), level, module)

    assert [m.archive_path for m in found.modules if m.form.is_file] + [found.missing] * bool(found.missing) == expected


def test_a_file_has_one_module_whether_it_is_imported_by_name_or_relatively(
    search_path: SearchPath, project: Path
) -> None:
    write(project, "functions/users/route.py", "functions/users/schemas.py")
    resolver = Resolver(search_path)
    entry = resolver.entry(project / "functions/users/route.py")

    relative = resolver.resolve_relative(entry, 1, "schemas").modules[-1]

    assert relative == resolver.resolve("functions.users.schemas").modules[-1]
    assert relative == Resolver(search_path).resolve("functions.users.schemas").modules[-1]


def test_edgeroutes_is_the_one_that_ships_and_not_the_installed_one(
    search_path: SearchPath, tmp_path: Path, site_packages: Path
) -> None:
    write(tmp_path, "own/edgeroutes/__init__.py", "own/edgeroutes/http/request.py")
    record(site_packages, "edgeroutes-0.0.1", "edgeroutes/__init__.py", "edgeroutes/old.py")

    assert found(search_path, "edgeroutes.http.request")[-1] == (
        "edgeroutes.http.request",
        "edgeroutes",
        "module",
        "edgeroutes/http/request.py",
    )
    assert found(search_path, "edgeroutes.old")[-1] == ("edgeroutes.old", "missing", "", "")


def test_a_new_file_is_seen_after_refresh_and_an_editors_file_changes_nothing(
    search_path: SearchPath, project: Path
) -> None:
    write(project, "lib/a.py")
    age(project)
    resolver = Resolver(search_path)
    assert resolver.resolve("lib.b").missing == "lib.b"
    write(project, "lib/.b.py.swp", "lib/4913", "lib/__pycache__/b.pyc", "lib/.cache/b.py")
    assert resolver.refresh() is False

    write(project, "lib/b.py")

    assert resolver.refresh() is True
    assert resolver.resolve("lib.b").modules[-1].archive_path == "lib/b.py"


def test_a_distribution_installed_later_is_seen_after_refresh(
    search_path: SearchPath, project: Path, site_packages: Path
) -> None:
    write(project, "a.py")
    site_packages.mkdir()
    age(site_packages)
    resolver = Resolver(search_path)
    assert resolver.resolve("later").missing == "later"

    record(site_packages, "later-1.0", "later.py")

    assert resolver.refresh() is True
    assert resolver.resolve("later").modules[-1].distribution == "later"


def age(root: Path) -> None:
    """Make directories old enough to be trusted."""
    for directory in (root, *(path for path in root.rglob("*") if path.is_dir())):
        os.utime(directory, (1_000_000_000, 1_000_000_000))


def test_the_owner_of_a_file_is_distinguished_inside_a_shared_namespace(site_packages: Path) -> None:
    record(site_packages, "one-1.0", "space/one.py", "../../bin/tool", "space/odd,name.py")
    record(site_packages, "two-1.0", "space/two.py", "../../bin/other")
    write(site_packages, "old.egg-info/top_level.txt", "broken-1.0.dist-info/METADATA")
    (site_packages / "old.egg-info/top_level.txt").write_text("old\n", encoding="utf-8")
    index = DistributionIndex(site_packages)

    files = ("space/one.py", "space/two.py", "space/odd,name.py", "space/stray.py", "old/x.py", "old.py", "stray.py")
    assert [index.owner(file) for file in files] == ["one", "two", "one", "", "old", "old", ""]


def test_site_packages_that_are_not_there_hold_nothing(tmp_path: Path) -> None:
    index = DistributionIndex(tmp_path / "nowhere")

    assert (index.owner("a.py"), index.editable_roots, index.is_current()) == ("", (), True)


def test_the_running_python_knows_its_own_distributions() -> None:
    owners = [DistributionIndex(path).owner("pytest/__init__.py") for path in installed_site_packages()]

    assert "pytest" in owners


def test_names_of_distributions_are_normalised_as_indexes_do() -> None:
    assert [normalize_name(name) for name in ("PyYAML", "a_b.c", "x--y")] == ["pyyaml", "a-b-c", "x-y"]


def test_a_module_without_a_file_says_so() -> None:
    with pytest.raises(ValueError, match="'json' has no file: standard library"):
        _ = Module(name="json", origin=Origin.STDLIB).file
