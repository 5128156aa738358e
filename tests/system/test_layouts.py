"""Every layout that uv, pip and the build backends make, as real projects: the bundle returns what dev returns."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.house.wheel import build_wheel
from tests.system.real_project import SETTINGS, UV, RealProject, make_library, told

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not UV, reason="uv is not installed"),
]
BACKENDS = ("uv", "hatchling", "setuptools", "flit", "poetry", "pdm")


@pytest.fixture(scope="session")
def links(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("dist")).parent


@pytest.fixture
def project(links: Path, tmp_path: Path) -> RealProject:
    root = tmp_path / "shop project"
    root.mkdir()
    return RealProject(root=root, links=links)


def route(package: str) -> str:
    return f"from {package} import tell\n\ndef GET():\n    return tell()\n"


PACKAGE = """\
from importlib.metadata import version
from importlib.resources import files

def tell():
    return [version("shop"), files("shop").joinpath("data.txt").read_text(), "one"]
"""


@pytest.mark.parametrize("backend", ["uv", "hatch", "setuptools", "flit", "poetry", "pdm"])
def test_the_projects_own_package_in_src(backend: str, project: RealProject) -> None:
    project.uv("init", "-q", "--package", "--name", "shop", "--build-backend", backend, "--vcs", "none")
    project.append("pyproject.toml", SETTINGS)
    project.add()
    project.write(
        {"src/shop/__init__.py": PACKAGE, "src/shop/data.txt": "data", "functions/hello/route.py": route("shop")}
    )
    assert project.built("HelloFunction", "/hello") == ["0.1.0", "data", "one"]
    if backend != "uv":
        return
    with project.dev() as dev:
        assert dev.get("/hello") == ["0.1.0", "data", "one"]
        project.write({"src/shop/__init__.py": PACKAGE.replace('"one"', '"two"')})
        dev.until("/hello", ["0.1.0", "data", "two"])
    assert project.built("HelloFunction", "/hello") == ["0.1.0", "data", "two"]


@pytest.mark.parametrize("kind", ["--app", "--lib", "--bare"])
def test_what_uv_init_makes(kind: str, project: RealProject) -> None:
    project.uv("init", "-q", kind, "--name", "shop", "--vcs", "none")
    project.append("pyproject.toml", SETTINGS)
    project.add("idna")
    source = "import idna\nfrom lib.names import NAME\n\ndef GET():\n    return [NAME, idna.__name__]\n"
    project.write({"lib/names.py": "NAME = 'a'\n", "functions/hello/route.py": source})
    assert project.built("HelloFunction", "/hello") == ["a", "idna"]


def test_editable_libraries_beside_the_project_of_every_backend_in_both_layouts(project: RealProject) -> None:
    names, sources = [], []
    for backend in BACKENDS:
        for flat in (False, True):
            name = f"{backend}-{'flat' if flat else 'src'}"
            make_library(project.root.parent / "libs" / name, name, backend, flat=flat)
            names.append(name)
            sources.append(f'{name} = {{ path = "../libs/{name}", editable = true }}\n')
            project.write({f"functions/{name}/route.py": route(name.replace("-", "_"))})
    listed = "".join(f'"{name}", ' for name in names)
    project.write(
        {
            "pyproject.toml": f'[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\n'
            f'dependencies = ["edgeroutes[dev]", {listed}]\n[tool.uv.sources]\n{"".join(sources)}{SETTINGS}'
        }
    )
    project.sync()
    assert project.edgeroutes("build").returncode == 0
    for name in names:
        function = "".join(part.title() for part in name.split("-"))
        assert project.built(f"{function}Function", f"/{name}") == told(name)
        assert not list(project.root.parent.glob(f"bundle-*-{function}Function/tests"))
    with project.dev() as dev:
        for name in names:
            assert dev.get(f"/{name}") == told(name)


def test_other_styles_of_editable_and_folders_that_are_not_editable(project: RealProject) -> None:
    libs = project.root.parent / "libs"
    data = '[tool.setuptools.package-data]\nstrict = ["*.txt"]\n'
    strict = make_library(libs / "strict", "strict", "setuptools", flat=True, more=data)
    compat = make_library(libs / "compat", "compat", "setuptools", flat=True)
    exact = make_library(libs / "exact", "exact", "hatchling", more="[tool.hatch.build]\ndev-mode-exact = true\n")
    mapped = make_library(
        libs / "mapped",
        "mapped",
        "setuptools",
        more='[tool.setuptools]\npackages = ["mapped"]\npackage-dir = {mapped = "code"}\n',
    )
    (mapped / "src" / "mapped").rename(mapped / "code")
    part = make_library(
        libs / "part", "part", "setuptools",
        more='[tool.setuptools]\npackages = ["space.part"]\npackage-dir = {"space.part" = "part"}\n', code="import space.part\n",
    )  # fmt: skip
    (part / "src" / "part").rename(part / "part")
    (part / "part" / "__init__.py").write_text(
        (part / "part" / "__init__.py").read_text().replace('files("part")', 'files("space.part")')
    )
    copied = make_library(libs / "copied", "copied", "hatchling")
    project.write({"pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n' + SETTINGS})
    project.install("editables", "-e", exact, "-e", mapped, "-e", part, copied, "-C", "editable_mode=lenient")
    project.install("-C", "editable_mode=strict", "-e", strict)
    project.install("-C", "editable_mode=compat", "-e", compat)
    names = ["strict", "compat", "exact", "mapped", "part", "copied"]
    for name in names:
        project.write({f"functions/{name}/route.py": route("space.part" if name == "part" else name)})
    with project.dev() as dev:
        for name in names:
            assert dev.get(f"/{name}") == told(name)
            assert project.built(f"{name.title()}Function", f"/{name}") == told(name)


WORKSPACE = """\
[project]
name = "shop"
version = "1"
requires-python = ">=3.11"
dependencies = ["edgeroutes[dev]", "lib-b"]
[tool.uv.sources]
lib-b = { workspace = true }
[tool.uv.workspace]
members = ["packages/*"]
"""
LIB_B = 'dependencies = ["lib-a", "idna"]\n[tool.uv.sources]\nlib-a = { workspace = true }\n'


def test_workspace_members_inside_the_project(project: RealProject) -> None:
    project.write({"pyproject.toml": WORKSPACE + SETTINGS, "functions/hello/route.py": route("lib_b")})
    make_library(project.root / "packages" / "lib-a", "lib-a", "uv")
    lib_b = make_library(
        project.root / "packages" / "lib-b", "lib-b", "setuptools", flat=True, more=LIB_B, code="import idna, lib_a"
    )
    source = (lib_b / "lib_b" / "__init__.py").read_text()
    (lib_b / "lib_b" / "__init__.py").write_text(source.replace("return [", "return lib_a.tell() + ["))
    project.sync()
    expected = told("lib-a") + told("lib-b")
    assert project.built("HelloFunction", "/hello") == expected
    with project.dev() as dev:
        assert dev.get("/hello") == expected
        data = (lib_b / "lib_b" / "__init__.py").read_text()
        (lib_b / "lib_b" / "__init__.py").write_text(data.replace("return lib_a.tell() + [", "return ["))
        dev.until("/hello", told("lib-b"))


@pytest.mark.parametrize("editable", [True, False], ids=["editable", "copied"])
def test_a_member_whose_local_dependency_requires_another(editable: bool, project: RealProject) -> None:
    top = project.root
    service = RealProject(root=top / "services" / "api", links=project.links, venv=top / ".venv")
    project.write({"pyproject.toml": '[tool.uv.workspace]\nmembers = ["services/*", "libs/*"]\n'})
    make_library(top / "libs" / "lib-a", "lib-a", "uv")
    lib_b = make_library(top / "libs" / "lib-b", "lib-b", "hatchling", more=LIB_B, code="import idna, lib_a")
    (lib_b / "src" / "lib_b" / "more.py").write_text("import lib_a\n\ndef tell():\n    return lib_a.tell()\n")
    service.write(
        {
            "pyproject.toml": '[project]\nname = "api"\nversion = "1"\nrequires-python = ">=3.11"\n'
            f'dependencies = ["edgeroutes[dev]", "lib-b"]\n[tool.uv.sources]\nlib-b = {{ workspace = true }}\n{SETTINGS}',
            "functions/hello/route.py": route("lib_b.more"),
        }
    )
    service.sync(*(() if editable else ("--no-editable",)))
    assert not (service.root / "uv.lock").exists()
    bundle = service.bundle("HelloFunction")
    assert service.built("HelloFunction", "/hello") == told("lib-a")
    assert {path.name for path in bundle.iterdir()} >= {"lib_a-1.2.3.dist-info", "lib_b-1.2.3.dist-info", "idna"}
    with service.dev() as dev:
        assert dev.get("/hello") == told("lib-a")


@pytest.mark.parametrize(
    "declared",
    [
        '[dependency-groups]\ndb = ["psycopg[binary]"]\n[tool.uv]\ndefault-groups = ["db"]\n',
        '[project.optional-dependencies]\npg = ["psycopg[binary]"]\n',
        '[tool.poetry.dependencies]\npsycopg = { version = "*", extras = ["binary"] }\n',
    ],
    ids=["group", "extra", "poetry"],
)
def test_the_extra_of_a_driver_that_only_a_url_names(declared: str, project: RealProject) -> None:
    source = (
        "import ctypes.util\nctypes.util.find_library = lambda name: None\nimport sqlalchemy\n\n"
        "def GET():\n    dialect = sqlalchemy.create_engine('postgresql+psycopg://h/d').dialect\n"
        "    return [dialect.driver, dialect.dbapi.pq.__impl__]\n"
    )
    head = '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["edgeroutes[dev]", "sqlalchemy"]\n'
    project.write({"pyproject.toml": head + declared + SETTINGS, "functions/hello/route.py": source})
    if "poetry" in declared:
        project.install("sqlalchemy", "psycopg[binary]")
    else:
        project.sync("--all-extras")
    assert project.built("HelloFunction", "/hello") == ["psycopg", "binary"]


def test_a_setuptools_project_whose_dependencies_are_dynamic(project: RealProject) -> None:
    project.write(
        {
            "pyproject.toml": '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
            '[project]\nname = "shop"\nversion = "1"\ndynamic = ["dependencies"]\n'
            '[tool.setuptools.dynamic]\ndependencies = { file = ["deps.txt"] }\n'
            f'[tool.setuptools.packages.find]\nwhere = ["src"]\n{SETTINGS}',
            "deps.txt": "idna\n",
            "src/shop/__init__.py": "import idna\n\ndef tell():\n    return idna.__name__\n",
            "functions/hello/route.py": route("shop"),
        }
    )
    project.install("-e", ".", "markupsafe")
    assert project.built("HelloFunction", "/hello") == "idna"
    project.write({"functions/hello/route.py": f"import markupsafe\n{route('shop')}"})
    (line,) = project.refused()
    assert line.startswith(
        "functions/hello/route.py:1: 'markupsafe' comes from 'markupsafe', which is installed here and not declared"
    )


def test_a_pth_file_of_a_distribution_adds_a_folder(project: RealProject, tmp_path: Path) -> None:
    library = tmp_path / "withpth"
    (library / "inner").mkdir(parents=True)
    (library / "inner" / "hidden.py").write_text("def tell():\n    return 'hidden'\n")
    (library / "withpth.pth").write_text("inner_of_withpth\n")
    (library / "pyproject.toml").write_text(
        '[project]\nname = "withpth"\nversion = "1"\n[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        "[tool.hatch.build.targets.wheel]\nbypass-selection = true\n"
        '[tool.hatch.build.targets.wheel.force-include]\n"inner" = "inner_of_withpth"\n"withpth.pth" = "withpth.pth"\n'
    )
    subprocess.run([UV, "build", "-q", "--wheel", "-o", str(tmp_path / "wheels"), str(library)], check=True)
    project.write(
        {
            "pyproject.toml": f'[project]\nname = "shop"\nversion = "1"\n{SETTINGS}',
            "requirements.txt": "edgeroutes[dev]\n--find-links ../wheels\nwithpth\n",
            "functions/hello/route.py": route("hidden"),
        }
    )
    project.install("-r", "requirements.txt")
    with project.dev() as dev:
        assert dev.get("/hello") == "hidden"
    assert project.built("HelloFunction", "/hello") == "hidden"


HATCH = (
    '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n[tool.hatch.build.targets.wheel]\n'
)
UV_BUILD = '[build-system]\nrequires = ["uv_build"]\nbuild-backend = "uv_build"\n[tool.uv.build-backend]\n'
SETUP_PY = (
    "from setuptools import setup\nsetup(name='old', version='1', py_modules=['oldmod'], packages=['old'],"
    " package_data={'old': ['data.txt']}, install_requires=['idna'])\n"
)
# By name: what follows `[project]` in pyproject.toml, its files, and what a route returns.
CONFIGURED: dict[str, tuple[str, dict[str, str], str]] = {
    "packages": (f'{HATCH}packages = ["lib/packages"]\n', {"lib/packages/__init__.py": "X = 1\n"}, "packages.X"),
    "sources": (
        f'{HATCH}only-include = ["lib/sources"]\nsources = ["lib"]\n',
        {"lib/sources/__init__.py": "X = 2\n"},
        "sources.X",
    ),
    "forced": (
        f'{HATCH}packages = ["lib/forced"]\n[tool.hatch.build.targets.wheel.force-include]\n"share/a.py" = "forced_more.py"\n',
        {"lib/forced/__init__.py": "import forced_more\n", "share/a.py": "X = 3\n"},
        "forced.forced_more.X",
    ),
    "several": (
        f'{UV_BUILD}module-name = ["several", "space.several"]\n',
        {"src/several/__init__.py": "import space.several as inner\n", "src/space/several/__init__.py": "X = 4\n"},
        "several.inner.X",
    ),
    "one": (f'{UV_BUILD}module-name = "corp.one"\n', {"src/corp/one/__init__.py": "X = 5\n"}, "corp.one.X"),
    "two": (
        f'{UV_BUILD}module-name = "corp.two"\n',
        {"src/corp/two/__init__.py": "", "src/corp/two/deep/a.py": "X = 6\n"},
        "corp.two.deep.a.X",
    ),
    "flit": (
        '[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n[tool.flit.module]\nname = "flat"\n',
        {"flat.py": '"""D."""\nX = 7\n'},
        "flat.X",
    ),
    "old": (
        "",
        {"setup.py": SETUP_PY, "oldmod.py": "import idna\nX = 8\n", "old/__init__.py": "import oldmod\n"},
        "old.oldmod.X",
    ),
}


@pytest.mark.parametrize("below", ["..", "libs"], ids=["beside", "inside"])
def test_what_backends_are_configured_to_do(below: str, project: RealProject) -> None:
    sources, expected = [], []
    for name, (settings, files, value) in CONFIGURED.items():
        head = f'[project]\nname = "{name}"\nversion = "1"\ndescription = "d"\nrequires-python = ">=3.11"\n'
        metadata = {"pyproject.toml": head + settings} if settings else {}
        project.write({f"{below}/{name}/{path}": text for path, text in {**metadata, **files}.items()})
        sources.append(f'{name} = {{ path = "{below}/{name}", editable = true }}\n')
        module, _, _ = value.rpartition(".")
        module = module.removesuffix(".forced_more").removesuffix(".inner").removesuffix(".oldmod")
        project.write({f"functions/{name}/route.py": f"import {module}\n\ndef GET():\n    return [{value}]\n"})
        expected.append((name, [len(expected) + 1]))
    project.write(
        {
            "pyproject.toml": f'[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\n'
            f'dependencies = ["edgeroutes[dev]", {", ".join(repr(name) for name in CONFIGURED)}]\n'
            f"[tool.uv.sources]\n{''.join(sources)}{SETTINGS}"
        }
    )
    project.sync()
    assert [(name, project.built(f"{name.title()}Function", f"/{name}")) for name, _ in expected] == expected
    with project.dev() as dev:
        assert [(name, dev.get(f"/{name}")) for name, _ in expected] == expected


def test_groups_that_include_groups_and_extras_that_name_extras(project: RealProject) -> None:
    source = "import idna\nimport markupsafe\nimport six\n\ndef GET():\n    return [idna.__name__, markupsafe.__name__, six.__name__]\n"
    project.write(
        {
            "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["edgeroutes[dev]"]\n'
            '[project.optional-dependencies]\ncodecs = ["idna"]\nall = ["shop[codecs]"]\n'
            '[dependency-groups]\nbase = ["markupsafe"]\nweb = [{ include-group = "base" }, "six"]\n'
            f'[tool.uv]\npackage = false\ndefault-groups = ["web"]\n{SETTINGS}',
            "functions/hello/route.py": source,
        }
    )
    project.sync("--extra", "all")
    assert project.built("HelloFunction", "/hello") == ["idna", "markupsafe", "six"]


def test_a_project_with_setup_cfg_alone(project: RealProject) -> None:
    project.write(
        {
            "setup.py": "from setuptools import setup\nsetup()\n",
            "setup.cfg": "[metadata]\nname = shop\nversion = 1\n[options]\npackages = find:\npackage_dir =\n    = src\n"
            "install_requires =\n    idna\n[options.packages.find]\nwhere = src\n",
            "pyproject.toml": SETTINGS,
            "src/shop/__init__.py": "import idna\nfrom importlib.metadata import version\n\n"
            "def tell():\n    return [idna.__name__, version('shop')]\n",
            "functions/hello/route.py": route("shop"),
        }
    )
    project.install("-e", ".")
    assert project.built("HelloFunction", "/hello") == ["idna", "1"]


def test_requirements_that_include_requirements_and_constraints(project: RealProject) -> None:
    project.write(
        {
            "pyproject.toml": f'[project]\nname = "shop"\nversion = "1"\n{SETTINGS}',
            "requirements.txt": "-r requirements/prod.txt\n",
            "requirements/prod.txt": "-r base.txt\nmarkupsafe\n-c ../constraints.txt\n",
            "requirements/base.txt": "edgeroutes[dev]\nidna\n",
            "constraints.txt": "idna==3.9\n",
            "functions/hello/route.py": "import idna\nimport markupsafe\n\ndef GET():\n    return ['v' + idna.__version__]\n",
        }
    )
    project.install("-r", "requirements.txt")
    assert project.built("HelloFunction", "/hello") == ["v3.9"]


def test_the_project_itself_as_a_copy(project: RealProject) -> None:
    project.uv("init", "-q", "--package", "--name", "shop", "--vcs", "none")
    project.append("pyproject.toml", SETTINGS)
    project.add()
    project.write(
        {"src/shop/__init__.py": PACKAGE, "src/shop/data.txt": "data", "functions/hello/route.py": route("shop")}
    )
    project.sync("--no-editable", "--reinstall-package", "shop")
    with project.dev() as dev:
        assert dev.get("/hello") == ["0.1.0", "data", "one"]
    assert project.built("HelloFunction", "/hello") == ["0.1.0", "data", "one"]
