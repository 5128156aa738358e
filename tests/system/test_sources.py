"""Distributions from everywhere that uv installs from: private indexes, repositories, files, sources; checked, or refused."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.fakes.package_index import PackageIndex
from tests.house.wheel import build_wheel
from tests.system.real_project import SETTINGS, UV, RealProject, make_library, told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not UV, reason="uv is not installed"),
]
HEAD = '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["edgeroutes[dev]", "corp-lib"]\n'
ROUTE = "from corp_lib import tell\n\ndef GET():\n    return tell()\n"
PLAIN = '[project]\nname = "shop"\nversion = "1"\n' + SETTINGS


@pytest.fixture(scope="session")
def links(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("dist")).parent


@pytest.fixture(scope="session")
def corp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution of a library that no public index has."""
    source = make_library(tmp_path_factory.mktemp("source") / "corp-lib", "corp-lib", "uv")
    folder = tmp_path_factory.mktemp("corp")
    for kind in ("--wheel", "--sdist"):
        subprocess.run([UV, "build", "-q", kind, "-o", str(folder / kind.strip("-")), str(source)], check=True)
    return folder


@pytest.fixture
def index(corp: Path) -> Iterator[PackageIndex]:
    with PackageIndex(corp / "wheel", "user:secret") as index:
        yield index


@pytest.fixture
def project(links: Path, tmp_path: Path) -> RealProject:
    root = tmp_path / "shop"
    root.mkdir()
    project = RealProject(root=root, links=links)
    project.write({"functions/hello/route.py": ROUTE})
    return project


@pytest.mark.parametrize("has_lock", [True, False], ids=["lock", "environment"])
def test_an_explicit_index_with_credentials(has_lock: bool, project: RealProject, index: PackageIndex) -> None:
    sources = '[tool.uv.sources]\ncorp-lib = { index = "corp" }\n'
    listed = f'[[tool.uv.index]]\nname = "corp"\nurl = "{index.url}"\nexplicit = true\n'
    project.write({"pyproject.toml": HEAD + listed + sources + SETTINGS})
    project.variables.update(UV_INDEX_CORP_USERNAME="user", UV_INDEX_CORP_PASSWORD="secret")
    if has_lock:
        project.sync()
    else:
        project.install("-r", "pyproject.toml")
    assert project.built("HelloFunction", "/hello") == told("corp-lib")
    assert "/simple/corp-lib/" in index.requests


def test_an_index_that_requirements_name_with_credentials(project: RealProject, index: PackageIndex) -> None:
    url = index.url.replace("://", "://user:${CORP_PASSWORD}@")
    project.variables["CORP_PASSWORD"] = "secret"
    project.write(
        {"pyproject.toml": PLAIN, "requirements.txt": f"--extra-index-url {url}\nedgeroutes[dev]\ncorp-lib==1.2.3\n"}
    )
    project.install("-r", "requirements.txt")
    assert project.built("HelloFunction", "/hello") == told("corp-lib")
    index.close()
    project.write({"functions/hello/route.py": f"# changed\n{ROUTE}"})
    assert project.built("HelloFunction", "/hello") == told("corp-lib")  # the store has it
    project.append("requirements.txt", "markupsafe<3\n")
    (line,) = project.refused()
    assert re.match(rf"requirements\.txt(:[234])?: {index.url}/[\w-]+/ cannot be reached \(Connection refused", line)
    assert "secret" not in line


def test_find_links_in_requirements_and_wheels_by_their_path(project: RealProject, corp: Path) -> None:
    wheel = next((corp / "wheel").iterdir())
    project.write({"pyproject.toml": PLAIN, "vendor/note.txt": ""})
    (project.root / "vendor" / wheel.name).write_bytes(wheel.read_bytes())
    for line in ("--find-links vendor\ncorp-lib", f"./vendor/{wheel.name}", f"corp-lib @ {wheel.as_uri()}"):
        project.write({"requirements.txt": f"edgeroutes[dev]\n{line}\n"})
        project.install("-r", "requirements.txt")
        assert project.built("HelloFunction", "/hello") == told("corp-lib")


@pytest.mark.parametrize("below", ["", "libs/corp"], ids=["whole", "subdirectory"])
@pytest.mark.parametrize("kind", ["lock", "requirements", "environment"])
def test_a_repository_on_a_cold_cache(kind: str, below: str, project: RealProject, tmp_path: Path) -> None:
    repository = tmp_path / "corp repository"
    library = make_library(repository / below, "corp-lib", "uv")
    git = ("git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@b")
    for command in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "one")):
        subprocess.run([*git, *command], check=True)
    place = f"git+{repository.as_uri()}" + (f"#subdirectory={below}" if below else "")
    more = f', subdirectory = "{below}"' if below else ""
    if kind == "lock":
        source = f'[tool.uv.sources]\ncorp-lib = {{ git = "{repository.as_uri()}"{more} }}\n'
        project.write({"pyproject.toml": HEAD + source + SETTINGS})
        project.sync()
    else:
        project.write({"pyproject.toml": PLAIN})
        if kind == "requirements":
            project.write({"requirements.txt": f"edgeroutes[dev]\ncorp-lib @ {place}\n"})
        project.install(f"corp-lib @ {place}")
    project.variables["UV_CACHE_DIR"] = str(tmp_path / "cold")
    assert project.built("HelloFunction", "/hello") == told("corp-lib")
    (library / "src" / "corp_lib" / "data.txt").write_text("newer")
    subprocess.run([*git, "commit", "-q", "-a", "-m", "two"], check=True)
    assert project.built("HelloFunction", "/hello") == told("corp-lib")  # the commit that was locked or installed


def test_a_pure_source_distribution_is_built_and_one_with_machine_code_is_refused(
    project: RealProject, corp: Path, tmp_path: Path
) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    for file in (corp / "sdist").glob("*.tar.gz"):
        (sources / file.name).write_bytes(file.read_bytes())
    native = tmp_path / "native"
    native.mkdir()
    (native / "fast.c").write_text(
        '#include <Python.h>\nstatic struct PyModuleDef m = {PyModuleDef_HEAD_INIT, "fast"};\n'
        "PyMODINIT_FUNC PyInit_fast(void) { return PyModule_Create(&m); }\n"
    )
    (native / "setup.py").write_text(
        "from setuptools import Extension, setup\nsetup(name='corp-fast', version='1', ext_modules=[Extension('fast', ['fast.c'])])\n"
    )
    (native / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
    )
    subprocess.run([UV, "build", "-q", "--sdist", "-o", str(sources), str(native)], check=True)
    listed = f'[tool.uv]\nfind-links = ["{sources}"]\n'
    project.write({"pyproject.toml": HEAD + listed + SETTINGS})
    project.sync()
    assert project.built("HelloFunction", "/hello") == told("corp-lib")

    project.write(
        {
            "pyproject.toml": HEAD.replace('"corp-lib"', '"corp-lib", "corp-fast"') + listed + SETTINGS,
            "functions/hello/route.py": f"import fast\n{ROUTE}",
        }
    )
    project.sync()
    (line,) = project.refused()
    place, _, problem = line.partition(": ")
    assert place in {"pyproject.toml:5", "functions/hello/route.py:1"}
    assert problem.startswith(
        "'corp-fast' has no wheel for the functions, and its source builds machine code for this machine alone (cp311-"
    )


def test_every_distribution_that_cannot_be_had_is_reported_at_once(
    project: RealProject, links: Path, tmp_path: Path
) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for name, tag in (("only-windows", "cp311-cp311-win_amd64"), ("only-mac", "py3-none-macosx_11_0_arm64")):
        folder = make_library(tmp_path / name, name, "uv")
        subprocess.run([UV, "build", "-q", "--wheel", "-o", str(wheels), str(folder)], check=True)
        package = name.replace("-", "_")
        (wheels / f"{package}-1.2.3-py3-none-any.whl").rename(wheels / f"{package}-1.2.3-{tag}.whl")
    listed = f'[tool.uv]\nfind-links = ["{wheels}"]\n'
    head = HEAD.replace('"corp-lib"', '"only-windows ; sys_platform != \'never\'", "only-mac"')
    project.write(
        {
            "pyproject.toml": head + listed + SETTINGS,
            "functions/hello/route.py": "import only_windows\n\ndef GET(): ...\n",
            "functions/other/route.py": "import only_mac\n\ndef GET(): ...\n",
        }
    )
    project.uv("lock", "-q")
    project.install()
    site_packages = next(project.root.glob(".venv/lib/*/site-packages"))
    for file in wheels.glob("*.whl"):
        subprocess.run(["unzip", "-q", "-o", str(file), "-d", str(site_packages)], check=True)
    lines = project.refused()
    told_of = sorted(line.partition(": ")[2].partition(". It has wheels for")[0] for line in lines)
    assert told_of == [
        "'only-mac' 1.2.3 has no wheel for python3.11 on x86_64 (x86_64-manylinux_2_17)",
        "'only-windows' 1.2.3 has no wheel for python3.11 on x86_64 (x86_64-manylinux_2_17)",
    ]
    assert any("It has wheels for cp311-win_amd64. Choose a version of 'only-windows'" in line for line in lines)


def test_hashes_are_checked_and_constraints_are_followed(project: RealProject) -> None:
    wrong = "sha256:" + "0" * 64
    source = "import idna\n\ndef GET():\n    return [idna.__version__]\n"
    project.write(
        {
            "pyproject.toml": PLAIN,
            "requirements.txt": f"edgeroutes[dev]\nidna==3.10 --hash={wrong}\n",
            "functions/hello/route.py": source,
        }
    )
    project.install("idna")
    (line,) = project.refused()
    assert line.startswith(
        "requirements.txt:2: no file of 'idna==3.10' has a hash that this line lists: theirs are sha256:"
    )
    assert "946d195a0d259cbba61165e88e65941f16e9b36ea6ddb97f00452bae8b1287d3" in line

    project.write({"requirements.txt": "edgeroutes[dev]\n-r more/all.txt\n", "more/all.txt": "idna\n-c pins.txt\n"})
    for version in ("3.9", "3.10"):
        project.write({"more/pins.txt": f"idna=={version}\n"})
        assert project.built("HelloFunction", "/hello") == [version]
