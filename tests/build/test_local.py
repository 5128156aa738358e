"""Distributions that are folders of this machine: which files ship, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from edgeroutes.build.distributions import InstalledDistribution, installed_distributions
from edgeroutes.build.local import LocalDistribution, check_cycles, local_distributions
from edgeroutes.errors import DependencyError, ProjectError
from tests.build.projects import HELLO, bundle_paths, make_project
from tests.fakes.installer import FakeWheel, write_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FINDER = "MAPPING: dict[str, str] = {mapping!r}\nNAMESPACES: dict[str, list[str]] = {spaces!r}\ndef install(): ...\n"
REDIRECTOR = "from editables.redirector import RedirectingFinder as F\nF.install()\nF.map_module({name!r}, {place!r})\n"


def write(folder: Path, *files: str, **texts: str) -> None:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    for name, text in texts.items():
        (folder / name.replace("__", ".")).write_text(text)


def install_editable(
    folder: Path, site_packages: Path, files: Mapping[str, str], *, name: str = "own", requires: tuple[str, ...] = ()
) -> LocalDistribution:
    """Install what an editable install leaves in site-packages."""
    write_wheel(name, FakeWheel(files=files, requires=requires), site_packages)
    origin = json.dumps({"url": folder.as_uri(), "dir_info": {"editable": True}})
    (site_packages / f"{name}-1.0.dist-info" / "direct_url.json").write_text(origin)
    return local_distributions(installed_distributions([site_packages]))[name]


def test_a_src_folder_ships_whole_and_a_flat_one_by_its_packages(tmp_path: Path) -> None:
    site_packages = tmp_path / "site-packages"
    write(
        tmp_path / "own" / "src", "own/__init__.py", "own/data.txt", "own/.hidden", "more.py", "own.egg-info/PKG-INFO"
    )
    in_src = install_editable(tmp_path / "own", site_packages, {"own.pth": str(tmp_path / "own" / "src")})
    assert set(in_src.files()) == {"own/__init__.py", "own/data.txt", "more.py"}
    flat = tmp_path / "flat"
    write(
        flat, "flat/__init__.py", "flat/sub/a.py", "tests/__init__.py", "other/__init__.py", "setup.py", "conftest.py"
    )
    write(flat, pyproject__toml="")
    local = install_editable(flat, site_packages, {"flat.pth": str(flat)}, name="flat")
    assert set(local.files()) == {"flat/__init__.py", "flat/sub/a.py"}
    assert set(local.files([flat / "other"])) == {"flat/__init__.py", "flat/sub/a.py", "other/__init__.py"}


@pytest.mark.parametrize(
    "settings",
    [
        '[tool.hatch.build.targets.wheel]\npackages = ["code/odd"]\n',
        '[tool.poetry]\npackages = [{ include = "odd" }]\n',
        '[tool.flit.module]\nname = "odd"\n',
        '[tool.uv.build-backend]\nmodule-name = "odd"\n',
        '[tool.pdm.build]\nincludes = ["odd"]\n',
    ],
)
def test_a_flat_layout_whose_settings_name_its_package(settings: str, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    write(folder, "odd/__init__.py", "unrelated/__init__.py")
    write(folder, pyproject__toml=settings)
    local = install_editable(folder, tmp_path / "site-packages", {"own.pth": str(folder)})
    assert set(local.files()) == {"odd/__init__.py"}


def test_import_hooks_and_stubs_say_where_modules_lie(tmp_path: Path) -> None:
    write(tmp_path / "code", "lib/__init__.py", "part/__init__.py", "one.py")
    place = tmp_path / "code"
    mapping = {
        "renamed": str(place / "lib"),
        "space.part": str(place / "part"),
        "one": str(place / "one"),
    }  # as setuptools writes them
    hook = install_editable(
        place,
        tmp_path / "site",
        {
            "own.pth": "import own_finder; own_finder.install()",
            "own_finder.py": FINDER.format(mapping=mapping, spaces={"space": []}),
        },
    )
    assert set(hook.files()) == {"renamed/__init__.py", "space/part/__init__.py", "one.py"}
    redirected = install_editable(
        place,
        tmp_path / "site",
        {
            "two.pth": "import two_impl",
            "two_impl.py": REDIRECTOR.format(name="lib", place=str(place / "lib/__init__.py")),
        },
        name="two",
    )
    assert redirected.files() == {"lib/__init__.py": place / "lib" / "__init__.py"}
    stub = install_editable(
        place, tmp_path / "site", {"lib.py": f"__path__ = [{str(place / 'lib')!r}]\n"}, name="three"
    )
    assert set(stub.files()) == {"lib/__init__.py"}


def test_a_link_ships_what_the_backend_copied_beside_it(tmp_path: Path) -> None:
    place = tmp_path / "code"
    write(place, "lib/__init__.py", "part/__init__.py")
    files = {
        "own.pth": f"{place}\nimport own_finder\n",
        "own_finder.py": FINDER.format(mapping={"renamed": str(place / "part")}, spaces={}),
        "forced.py": "",
        "lib/more.txt": "",
        "stub/__init__.py": f"__path__ = [{str(place / 'lib')!r}]\n",
    }
    local = install_editable(place, tmp_path / "site", files)
    site = tmp_path / "site"
    assert local.copied_files() == {"forced.py": site / "forced.py", "lib/more.txt": site / "lib" / "more.txt"}
    assert set(local.files()) == {
        "forced.py", "lib/__init__.py", "lib/more.txt", "part/__init__.py", "renamed/__init__.py", "stub/__init__.py",
    }  # fmt: skip


def test_the_project_itself_installed_as_a_copy_ships_the_copy(tmp_path: Path) -> None:
    name = '[project]\nname = "shop"\nversion = "1.0"\ndependencies = []\n'
    route = {"functions/a/route.py": f"import shop.used\n{HELLO}", "src/shop/used.py": ""}
    project = make_project(tmp_path, route)
    settings = (project.root / "pyproject.toml").read_text()
    project.write({"pyproject.toml": name + settings})
    install_editable(project.root, project.site_packages, {"shop/used.py": "", "shop/data.txt": ""}, name="shop")
    out = project.link(project.build(), "AFunction", tmp_path / "out")
    assert bundle_paths(out) >= {"shop/used.py", "shop/data.txt", "shop-1.0.dist-info/METADATA"}


def test_an_unknown_import_hook_and_machine_code_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "own", "pyproject.toml")
    files = {"own.pth": "import own_loader", "own_loader.py": "import meson\n"}
    hook = install_editable(tmp_path / "own", tmp_path / "a", files)
    with pytest.raises(
        DependencyError, match=r"own/pyproject.toml: 'own' is an editable install that only an import hook"
    ):
        hook.files()
    native = install_editable(tmp_path / "own", tmp_path / "b", {"own/__init__.py": "", "own/fast.cpython-311.so": ""})
    with pytest.raises(
        DependencyError, match=r"'own' has machine code that was built on this machine, such as 'own/fast"
    ):
        native.files()


def test_a_folder_that_was_copied_ships_as_it_was_recorded(tmp_path: Path) -> None:
    files = {"space/own/__init__.py": "", "space/own/data.txt": ""}
    local = install_editable(tmp_path / "own", tmp_path / "site", files)
    (tmp_path / "site" / "space" / "other").mkdir()
    (tmp_path / "site" / "space" / "other" / "__init__.py").write_text("")
    assert local.files() == {path: tmp_path / "site" / path for path in files}
    assert local.metadata_files() == {"own-1.0.dist-info/METADATA": b"Name: own\nVersion: 1.0\n"}


def test_local_distributions_in_a_circle_are_refused(tmp_path: Path) -> None:
    local = {}
    for name, requires in {
        "a": ("b",),
        "b": ("idna", "C>=1"),
        "c": ("a", "c"),
        "d": ("d[x]", "a ; extra == 'x'"),
    }.items():
        write(tmp_path / name, "pyproject.toml")
        local[name] = install_editable(tmp_path / name, tmp_path / "site", {}, name=name, requires=requires)
    with pytest.raises(DependencyError) as caught:
        check_cycles(local, {"python_version": "3.13"})
    assert str(caught.value) == (
        f"{tmp_path}/a/pyproject.toml: local distributions require each other in a circle: a → b → c → a. "
        "Remove 'b' from the dependencies of 'a', or move what both need into a third one."
    )
    del local["c"]
    check_cycles(local, {"python_version": "3.13"})


def test_all_local_distributions_that_cannot_ship_are_reported_at_once(tmp_path: Path) -> None:
    wheels = {name: FakeWheel(files={f"{name}/__init__.py": "", f"{name}/x.so": ""}) for name in ("one", "two")}
    project = make_project(tmp_path, {"functions/a/route.py": f"import one, two\n{HELLO}"}, wheels)
    for name in wheels:
        origin = json.dumps({"url": (tmp_path / name).as_uri(), "dir_info": {}})
        (project.site_packages / f"{name}-1.0.dist-info" / "direct_url.json").write_text(origin)
    with pytest.raises(Exception, match="machine code") as caught:
        project.build()
    assert [line.partition(" has ")[0].rpartition(" ")[2] for line in str(caught.value).splitlines()] == [
        "'one'",
        "'two'",
    ]


def test_a_member_inside_the_project_ships_module_by_module_with_its_metadata(tmp_path: Path) -> None:
    project = make_project(tmp_path, {"functions/a/route.py": f"import member.used\n{HELLO}"})
    folder = project.root / "packages" / "member"
    write(folder, "src/member/__init__.py", "src/member/used.py", "src/member/unused.py", "src/member/data.txt")
    install_editable(folder, project.site_packages, {"member.pth": str(folder / "src")}, name="member")
    out = project.link(project.build(), "AFunction", tmp_path / "out")
    assert bundle_paths(out) == {
        "edgeroutes_function.py",
        "functions/a/route.py",
        "member-1.0.dist-info/METADATA",
        "member/__init__.py",
        "member/data.txt",
        "member/used.py",
    }


def test_a_module_that_an_unknown_hook_hides_is_reported_with_the_distribution(tmp_path: Path) -> None:
    project = make_project(tmp_path, {"functions/a/route.py": f"import own\n{HELLO}"})
    hook = {"own.pth": "import own_loader", "own_loader.py": "import meson\n"}
    install_editable(tmp_path / "own", project.site_packages, hook)
    with pytest.raises(ProjectError) as caught:
        project.build()
    assert str(caught.value) == (
        "functions/a/route.py:1: no module named 'own'. 'own' has it by an import hook that edgeroutes cannot read: "
        "install 'own' without -e."
    )


def test_import_names_of_an_installed_distribution_go_below_namespaces(tmp_path: Path) -> None:
    files = {"space/part/__init__.py": "", "space/part/a.py": "", "top.py": "", "native.abi3.so": "", "bin/run.py": ""}
    write_wheel("x", FakeWheel(files=files), tmp_path)
    found = InstalledDistribution(name="x", version="1.0", metadata=tmp_path / "x-1.0.dist-info")
    assert found.import_names == {"space.part", "top", "native"}
