"""Declared distributions that nothing imports: what mentions them ships them, and what nothing mentions is reported."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from edgeroutes.build.bytecode import packed_modules
from edgeroutes.build.declared import required_names
from edgeroutes.build.pins import own_requirements
from edgeroutes.build.report import explain
from edgeroutes.build.store import Store
from edgeroutes.errors import BundleError
from tests.build.projects import HELLO, OWN_RUNTIME, invoke, make_project
from tests.fakes.installer import FakeWheel, write_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from edgeroutes.build.report import BuildReport

LIBRARY = {"host/__init__.py": "", "host/names.py": "NAMES = {'plug': 1}\n"}


def host(source: str) -> FakeWheel:
    """A library whose `host.parts` has this source."""
    return FakeWheel(files={**LIBRARY, "host/parts.py": source})


PLUG = FakeWheel(files={"plug/__init__.py": "NAME = 'plug'\n"})
ENTRY_POINTS = "[host.plugins]\np = plug:NAME\n[console_scripts]\nplug = plug:main\n"
BY_ENTRY_POINT = FakeWheel(files={**PLUG.files, "plug-1.0.dist-info/entry_points.txt": ENTRY_POINTS})
USES_HOST = f"import host\n{HELLO}"
TYPE_ONLY = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import plug\n"
NAMED = '[project]\nname = "p"\nversion = "0"\n'
RUNTIME = f'[tool.edgeroutes]\nruntime = "{OWN_RUNTIME}"\n'
# What /x is made of, the wheel of host, and what `why` says of plug.
MENTIONS: dict[str, tuple[str, FakeWheel, FakeWheel, str]] = {
    "a string in the project": (f"PARSER = 'plug'\n{HELLO}", host(""), PLUG, "functions/x/route.py:1 names 'plug' in a string"),
    "a class in a string": (
        f"CONFIG = {{'class': 'plug.logs.Formatter'}}\n{HELLO}", host(""), PLUG,
        "functions/x/route.py:1 names 'plug.logs.Formatter' in a string",
    ),
    "an entry in a string": (
        f"ENTRY = 'plug.app:make'\n{HELLO}", host(""), PLUG, "functions/x/route.py:1 names 'plug.app:make' in a string",
    ),
    "a key": (f"LOGGERS = {{'plug': 1}}\n{HELLO}", host(""), PLUG, "functions/x/route.py:1 names 'plug' in a string"),
    "a type of a model's field": (
        f"{TYPE_ONLY}class Model:\n    field: 'plug.Type'\n{HELLO}",
        host(""), PLUG, "functions/x/route.py:3 imports plug (type-checking)",
    ),
    "an entry point group in the project": (
        f"GROUP = 'host.plugins'\n{HELLO}", host(""), BY_ENTRY_POINT,
        "functions/x/route.py:1 reads the entry points 'host.plugins', of which plug has some",
    ),
    "an optional import of a library": (
        USES_HOST, host("try:\n    import plug\nexcept ImportError:\n    plug = None\n"), PLUG,
        "host/parts.py:2 of host imports plug (optional)",
    ),
    "an import in a library's function": (
        USES_HOST, host("def load():\n    from plug import NAME\n"), PLUG, "host/parts.py:2 of host imports plug (function-level)",
    ),
    "a string in a library": (
        USES_HOST, host("def load():\n    import_optional_dependency('plug')\n"), PLUG, "host/parts.py:2 of host names 'plug' in a string",
    ),
    "a module in a library's string": (
        USES_HOST, host("BACKENDS = ['plug.backend']\n"), PLUG, "host/parts.py:1 of host names 'plug.backend' in a string",
    ),
    "a list of modules in a library": (
        USES_HOST, host("NAMES = ['plug']\nfor name in NAMES:\n    import_optional(name)\n"), PLUG,
        "host/parts.py:1 of host names 'plug' in a string",
    ),
    "an entry point group in a library": (
        USES_HOST, host("from importlib.metadata import entry_points\n\ndef load():\n    return entry_points(group='host.plugins')\n"),
        BY_ENTRY_POINT, "host/parts.py:4 of host reads the entry points 'host.plugins', of which plug has some",
    ),
    "an entry point group that a library puts together": (
        USES_HOST, host("def load(kind):\n    return entry_points(group=f'plugins_{kind}')\n"),
        FakeWheel(files={**PLUG.files, "plug-1.0.dist-info/entry_points.txt": "[plugins_of_host]\np = plug:NAME\n"}),
        "host/parts.py:2 of host reads the entry points 'plugins_of_host', of which plug has some",
    ),
    "an adapter that the code imports": (
        f"import host.integrations.zoom\n{HELLO}",
        FakeWheel(files={**LIBRARY, "host/integrations/plug.py": "import plug\n", "host/integrations/zoom/__init__.py": "import plug\n"}),
        PLUG, "host/integrations/plug.py:1 of host imports plug",
    ),
    "an entry point group that a library's adapters read": (
        USES_HOST,
        FakeWheel(files={**LIBRARY, "host/instrumentation/load.py": "def load():\n    return entry_points(group='host.plugins')\n"}),
        BY_ENTRY_POINT, "host/instrumentation/load.py:2 of host reads the entry points 'host.plugins', of which plug has some",
    ),
    "an extra of a library": (
        USES_HOST, FakeWheel(files=LIBRARY, requires=("plug>=1; extra == 'fast'", "other; extra == 'x'")), PLUG,
        "host offers plug as its extra 'fast', and the project declares both",
    ),
}  # fmt: skip
NO_MENTIONS = {
    "a docstring": (f"'''plug'''\n{HELLO}", host("def f():\n    '''Uses plug.'''\n    # import plug\n")),
    "a logger": (f"import logging\nimport host\nlogging.getLogger('plug')\n{HELLO}", host("")),
    "a type": (f"from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import plug\nimport host\n{HELLO}", host("")),
    "a library's type": (USES_HOST, host("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import plug\n")),
    "a host name in a library": (USES_HOST, host("URL = 'plug.com'\nPLACES = ['plug.dev']\n")),
    "a library's key": (USES_HOST, host("A = {'plug': 1}\n")),
    "a word in a library": (USES_HOST, host("SCHEMES = ['plug']\nNAME = 'plug'\nlog('plug')\n")),
    "a library's adapter": (USES_HOST, FakeWheel(files={**LIBRARY, "host/integrations/plug.py": "import plug\n"})),
    "a library's attribute": (USES_HOST, host("import json as plug\nplug.dumps\nplugs = 'plugged'\n")),
    "a library's own module": (USES_HOST, host("from . import plug\nfrom .plug import x\n")),
    "a library's tests": (
        USES_HOST, FakeWheel(files={**LIBRARY, "host/testing/x.py": "import plug\n", "host/testclient.py": "import plug\n"}),
    ),
    "an extra for developers": (
        USES_HOST, FakeWheel(files=LIBRARY, requires=("plug; extra == 'dev'", "plug; extra == 'test-all'")),
    ),
}  # fmt: skip


def build(
    tmp_path: Path,
    source: str,
    wheels: dict[str, FakeWheel],
    *,
    pyproject: str = "",
    more: dict[str, str] | None = None,
) -> BuildReport:
    declared = ", ".join(f'"{name}"' for name in wheels)
    settings = pyproject or f'[project]\nname = "p"\nversion = "0"\ndependencies = [{declared}]\n'
    files = {
        "pyproject.toml": f'{settings}\n[tool.edgeroutes]\nruntime = "{OWN_RUNTIME}"\n',
        "functions/x/route.py": source,
        "functions/hello/route.py": HELLO,
        "functions/uses/route.py": f"import plug\n{HELLO}",  # so that one function has it
        **(more or {}),
    }
    return make_project(tmp_path, files, wheels).build()


def held(report: BuildReport) -> dict[str, list[str]]:
    return {each.logical_id: sorted(each.requirements) for each in report.functions}


@pytest.mark.parametrize(("source", "library", "plug", "why"), MENTIONS.values(), ids=MENTIONS)
def test_a_mention_ships_a_declared_distribution_and_why_names_it(
    source: str, library: FakeWheel, plug: FakeWheel, why: str, tmp_path: Path
) -> None:
    libraries = {"host": library} if "import host" in source or "from host" in source else {}
    report = build(tmp_path, source, {**libraries, "plug": plug})
    assert held(report)["XFunction"] == [*libraries, "plug"]
    assert held(report)["HelloFunction"] == []
    assert explain(report, "/x", "plug")[-1] == why
    assert [each for each in report.warnings if "declared" in each and "plug" in each] == []


@pytest.mark.parametrize(("source", "library"), NO_MENTIONS.values(), ids=NO_MENTIONS)
def test_what_only_looks_like_a_mention_ships_nothing(source: str, library: FakeWheel, tmp_path: Path) -> None:
    assert "plug" not in held(build(tmp_path, source, {"host": library, "plug": PLUG}))["XFunction"]


@pytest.mark.parametrize(
    ("call", "ships"),
    [("version('Far.Plug')", True), ("metadata.distribution('far-plug')", True), ("print('far-plug')", False)],
)
def test_a_distribution_whose_metadata_is_read_ships(call: str, ships: bool, tmp_path: Path) -> None:
    wheels = {"plug": PLUG, "far-plug": FakeWheel(files={"plugged.py": ""})}
    source = f"from importlib import metadata\nfrom importlib.metadata import version\n\ndef GET():\n    return str({call})\n"
    uses = {"functions/uses/route.py": f"import plug, plugged\n{HELLO}"}
    report = build(tmp_path, source, wheels, more=uses)
    assert held(report)["XFunction"] == (["far-plug"] if ships else [])


def test_what_is_mentioned_by_what_is_mentioned_ships_too(tmp_path: Path) -> None:
    wheels = {
        "host": host("import_optional('plug')\n"),
        "plug": FakeWheel(files={"plug/__init__.py": "try:\n    import third\nexcept ImportError: ...\n"}),
        "third": FakeWheel(files={"third.py": ""}),
    }
    report = build(tmp_path, USES_HOST, wheels)
    assert held(report)["XFunction"] == ["host", "plug", "third"]
    assert explain(report, "/x", "third") == [
        "functions/x/route.py:1 imports host",
        "host/parts.py:1 of host names 'plug' in a string",
        "plug/__init__.py:2 of plug imports third (optional)",
    ]


def test_a_mention_brings_the_declared_extras(tmp_path: Path) -> None:
    wheels = {
        "host": host("def connect():\n    import plug\n"),
        "plug": FakeWheel(files=PLUG.files, requires=("plug-binary; extra == 'binary'",)),
        "plug-binary": FakeWheel(files={"plug_binary.py": ""}),
    }
    pyproject = '[project]\nname = "p"\nversion = "0"\ndependencies = ["host"]\n[dependency-groups]\ndrivers = ["plug[binary]"]\n'
    report = build(tmp_path, USES_HOST, wheels, pyproject=pyproject)
    assert held(report)["XFunction"] == ["host", "plug", "plug-binary"]


def test_what_nothing_mentions_ships_with_third_party_code_and_is_reported(tmp_path: Path) -> None:
    wheels = {"host": host(""), "plug": PLUG, "quiet": FakeWheel(files={"quiet.py": "import plug\n"})}
    report = build(tmp_path, USES_HOST, wheels)
    assert held(report) == {
        "XFunction": ["host", "plug", "quiet"],
        "HelloFunction": [],
        "UsesFunction": ["plug", "quiet"],
        "FallbackFunction": [],
    }
    said = (
        "pyproject.toml:4: 'quiet' is declared and nothing in the project names it, so it goes into 2 functions with third-party code. To "
        "keep it out, write 'exclude: [quiet]' in functions/function.yaml; where one function needs it, list it under 'include' of its "
        "function.yaml."
    )
    assert report.warnings == (said,)
    assert explain(report, "/x", "quiet") == ["pyproject.toml:4 declares quiet, and nothing in the project mentions it"]


def test_several_that_nothing_mentions_are_one_line_to_copy(tmp_path: Path) -> None:
    wheels = {"host": host(""), "plug": PLUG, **{name: FakeWheel() for name in ("quiet", "silent", "still")}}
    pyproject = '[project]\nname = "p"\nversion = "0"\ndependencies = ["host", "plug", "quiet",\n"silent", "still"]\n'
    report = build(tmp_path, USES_HOST, wheels, pyproject=pyproject)
    assert held(report) == {
        "XFunction": ["host", "quiet", "silent", "still"],
        "HelloFunction": [],
        "UsesFunction": ["plug", "quiet", "silent", "still"],
        "FallbackFunction": [],
    }
    said = (
        "pyproject.toml:4: 'quiet', 'silent' (pyproject.toml:5) and 'still' (pyproject.toml:5) are declared and nothing in the project "
        "names them, so they go into 2 functions with third-party code. To keep them out, write 'exclude: [quiet, silent, still]' in "
        "functions/function.yaml; where one function needs one, list it under 'include' of its function.yaml."
    )
    assert report.warnings == (said,)
    quiet = {"functions/function.yaml": "exclude: [quiet, silent, still]\n"}
    assert build(tmp_path / "excluded", USES_HOST, wheels, pyproject=pyproject, more=quiet).warnings == ()


def test_exclude_and_include_say_where_it_belongs(tmp_path: Path) -> None:
    wheels = {"host": host(""), "plug": PLUG, "quiet": FakeWheel(files={"quiet.py": ""})}
    excluded = build(tmp_path / "a", USES_HOST, wheels, more={"functions/function.yaml": "exclude: [quiet]\n"})
    assert (held(excluded)["XFunction"], excluded.warnings) == (["host"], ())
    included = build(tmp_path / "b", USES_HOST, wheels, more={"functions/x/function.yaml": "include: [quiet]\n"})
    assert (held(included)["XFunction"], held(included)["UsesFunction"], included.warnings) == (
        ["host", "quiet"],
        ["plug"],
        (),
    )


def test_tools_and_groups_that_nobody_mentions_ship_nowhere(tmp_path: Path) -> None:
    wheels = {
        "host": host("try:\n    import pytest\n    import devtool\nexcept ImportError: ...\n"),
        "plug": PLUG,
        **{name: FakeWheel(files={f"{name}.py": ""}) for name in ("pytest", "devtool", "optional", "needed")},
    }
    pyproject = """[project]
name = "p"
version = "0"
dependencies = ["host", "plug", "pytest"]
[project.optional-dependencies]
more = ["optional"]
[dependency-groups]
dev = ["devtool"]
"""
    report = build(tmp_path, USES_HOST, wheels, pyproject=pyproject)
    assert held(report)["XFunction"] == ["host"]
    assert report.warnings == ()


def test_what_another_declared_distribution_requires_goes_where_that_goes(tmp_path: Path) -> None:
    """As in a requirements.txt that lists everything."""
    wheels = {
        "host": FakeWheel(files=LIBRARY, requires=("base",)),
        "base": FakeWheel(files={"base.py": ""}),
        "pytest": FakeWheel(files={"pytest.py": ""}, requires=("iniconfig",)),
        "iniconfig": FakeWheel(files={"iniconfig.py": ""}),
        "plug": PLUG,
    }
    report = build(tmp_path, USES_HOST, wheels)
    assert (held(report)["XFunction"], held(report)["UsesFunction"]) == (["base", "host"], ["plug"])
    assert report.warnings == ()


def test_a_project_without_third_party_code_gets_none(tmp_path: Path) -> None:
    project = make_project(
        tmp_path,
        {
            "pyproject.toml": f'{NAMED}dependencies = ["plug"]\n{RUNTIME}',
            "functions/hello/route.py": HELLO,
        },
        {"plug": PLUG},
    )
    report = project.build()
    assert held(report) == {"HelloFunction": [], "FallbackFunction": []}
    assert project.installer.installed == []


def test_a_library_is_scanned_once(tmp_path: Path) -> None:
    project = make_project(
        tmp_path,
        {
            "pyproject.toml": f'[project]\nname = "p"\nversion = "0"\ndependencies = ["host", "plug"]\n'
            f'[tool.edgeroutes]\nruntime = "{OWN_RUNTIME}"\n',
            "functions/x/route.py": USES_HOST,
        },
        {"host": host("import_optional('plug')\n"), "plug": PLUG},
    )
    first = held(project.build())
    store = Store(project.root / ".edgeroutes/store")
    for source in (store.folder / "trees").glob("host-*/host/*.py"):
        source.chmod(0o644)
        source.write_text("")  # a tree's files never change: what was found in them is not looked for again
    project.write({"functions/x/route.py": f"{USES_HOST}# more\n"})
    assert held(project.build()) == first


def test_a_library_of_edgeroutes_users_brings_the_features_that_it_uses(tmp_path: Path) -> None:
    kit = FakeWheel(
        files={
            "kit.py": (
                "from edgeroutes import Response\n\ndef send():\n    from edgeroutes import logger, revalidate_tag\n\n"
                "def events(items):\n    return Response.sse(items)\n\ndef served(path):\n    return Response.file(path)\n"
            )
        }
    )
    route = "from kit import events, served\n\ndef GET():\n    return served(__file__)\n"
    wheels = {
        "kit": kit,
        "plug": PLUG,
        "aws-lambda-powertools": FakeWheel(
            files={"aws_lambda_powertools/__init__.py": "class Logger:\n    def __init__(self, **_): ...\n"}
        ),
    }
    project = make_project(
        tmp_path,
        {
            "pyproject.toml": '[project]\nname = "p"\nversion = "0"\ndependencies = ["kit"]\n'
            f'[tool.edgeroutes]\nruntime = "{OWN_RUNTIME}"\n',
            "functions/x/route.py": route,
            "functions/hello/route.py": f"# sse file stream\n{HELLO}",
        },
        wheels,
    )
    report = project.build()
    bundle, hello = (project.link(report, each, tmp_path / each) for each in ("XFunction", "HelloFunction"))
    assert held(report)["XFunction"] == ["aws-lambda-powertools", "kit"]
    parts = {
        "edgeroutes.http.response_bodies",
        "edgeroutes.runtime.heartbeats",
        "edgeroutes.services.revalidation",
    }
    assert packed_modules(bundle).keys() >= parts
    assert packed_modules(hello).keys().isdisjoint(parts)
    response = invoke(bundle, "/x")
    assert (response["status"], response["body"]) == (200, route)


def test_a_folder_of_this_machine_is_a_library_like_any_other(tmp_path: Path) -> None:
    """A workspace member that mentions a driver and responds with edgeroutes."""
    source = "from edgeroutes import Response\n\ndef served(path):\n    return Response.file(path)\n\ndef load():\n    backend('plug')\n"
    route = "from shared import served\n\ndef GET():\n    return served(__file__)\n"
    project = make_project(
        tmp_path,
        {"pyproject.toml": f'{NAMED}dependencies = ["shared", "plug"]\n{RUNTIME}', "functions/x/route.py": route},
        {"plug": PLUG},
    )
    folder = tmp_path / "libs"
    (folder / "shared").mkdir(parents=True)
    (folder / "shared/__init__.py").write_text(source)
    write_wheel("shared", FakeWheel(files={"_shared.pth": f"{folder}\n"}), project.site_packages)
    origin = json.dumps({"url": folder.as_uri(), "dir_info": {"editable": True}})
    (project.site_packages / "shared-1.0.dist-info/direct_url.json").write_text(origin)

    report = project.build()
    bundle = project.link(report, "XFunction", tmp_path / "x")
    assert held(report)["XFunction"] == ["plug", "shared"]
    assert explain(report, "/x", "plug")[-1] == "shared/__init__.py:7 of shared names 'plug' in a string"
    response = invoke(bundle, "/x")
    assert (response["status"], response["body"]) == (200, route)
    (folder / "shared/__init__.py").write_text(source.replace("backend('plug')", "pass"))
    project.write({"functions/x/route.py": f"{route}# more\n", "functions/y/route.py": f"import plug\n{HELLO}"})
    assert held(project.build())["XFunction"] == ["shared"]


LARGE = FakeWheel(
    files={
        "plug/__init__.py": "NAME = 'plug'\n",
        "plug/data.bin": "x" * 17_000_000,
        "plug-1.0.dist-info/entry_points.txt": "[host.plugins]\nspecial = plug:NAME\n",
    }
)
MENTION = "from plug import NAME\n"
BY_EXTRA = FakeWheel(
    files={**LIBRARY, "host/turbo.py": MENTION}, requires=("plug; extra == 'quick'", "host[quick]; extra == 'excel'")
)
# What /x is made of, and whether a large plug that another function imports ships with it for host's mention.
EVIDENCE: dict[str, tuple[str, FakeWheel, bool]] = {
    "nothing": ("import host", BY_EXTRA, False),
    "a comment": ("import host\n# plug", BY_EXTRA, False),
    "the end of a word": ("import host\nunplug = 1", BY_EXTRA, False),
    "its name in a word": ("import host\nhost.PlugResponse", BY_EXTRA, True),
    "its name in a URL": ("import host\nhost.open('x+plug://')", BY_EXTRA, True),
    "an extra": ("import host\nhost.set(quick=True)", BY_EXTRA, True),
    "an extra that has another": ("import host\nhost.read_excel()", BY_EXTRA, True),
    "an entry point": ("import host\nhost.get('special')", host("entry_points(group='host.plugins')\n"), True),
    "the module that mentions it": ("import host\nhost.start('turbo')", FakeWheel(files={**LIBRARY, "host/turbo.py": MENTION}), True),
    "a word that selects the module that mentions it": (
        "import host\nhost.connect('pg+x://')",
        FakeWheel(files={**LIBRARY, "host/all.py": "KINDS = {'pg': 'host.utils:Kind'}\n", "host/utils.py": MENTION}), True,
    ),
    "a word that a call of the library registers": (
        "import host\nhost.connect('host.pg')",
        FakeWheel(files={**LIBRARY, "host/all.py": "register('host.pg', 'host.utils', 'Kind')\n", "host/utils.py": MENTION}), True,
    ),
    "a word by which the module that mentions it is chosen": (
        "import host\nhost.open('sftp://x')",
        FakeWheel(files={**LIBRARY, "host/utils.py": f"SCHEMES = ('ssh', 'sftp')\n{MENTION}"}), True,
    ),
    "a class by whose word it is chosen": (
        "import host\nhost.open(kind='sftp')",
        FakeWheel(files={**LIBRARY, "host/utils.py": f"{MENTION}class Files:\n    protocol = 'sftp', 'ssh'\n"}), True,
    ),
    "a word that selects another module": (
        "import host\nhost.connect('my://')",
        FakeWheel(files={**LIBRARY, "host/all.py": "KINDS = {'pg': 'host.utils', 'my': 'host.names'}\n", "host/utils.py": MENTION}), False,
    ),
    "a longer word": (
        "import host\nhost.connect('pgx')",
        FakeWheel(files={**LIBRARY, "host/all.py": "KINDS = {'pg': 'host.utils'}\n", "host/utils.py": MENTION}), False,
    ),
    "a function that imports it": (
        "import host\nhost.solve_all()", FakeWheel(files={**LIBRARY, "host/utils.py": f"def solve_all():\n    {MENTION}"}), True,
    ),
    "a function that calls one that imports it": (
        "import host\nhost.solve_all()",
        FakeWheel(files={**LIBRARY, "host/utils.py": f"def _go():\n    {MENTION}\n\ndef solve_all():\n    return _go()\n"}), True,
    ),
    "a function that loads it by a string": (
        "import host\nhost.solve_all()",
        FakeWheel(files={**LIBRARY, "host/utils.py": "def solve_all():\n    import_optional_dependency('plug')\n"}), True,
    ),
    "a function beside one that imports it": (
        "import host\nhost.solve_all()",
        FakeWheel(files={**LIBRARY, "host/utils.py": f"def other_one():\n    {MENTION}\n\ndef solve_all(): ...\n"}), False,
    ),
    "a module of any library": ("import host\nutils = 1", FakeWheel(files={**LIBRARY, "host/utils.py": MENTION}), False),
}  # fmt: skip


@pytest.mark.parametrize(("source", "library", "ships"), EVIDENCE.values(), ids=EVIDENCE)
def test_a_large_distribution_of_another_function_ships_where_the_code_shows_its_use(
    source: str, library: FakeWheel, ships: bool, tmp_path: Path
) -> None:
    """As pandas mentions pyarrow, and only a function with `read_parquet` needs it."""
    front = FakeWheel(files={"front.py": "import host\n"}, requires=("host",))
    report = build(tmp_path, f"{source}\n{HELLO}", {"front": front, "host": library, "plug": LARGE})
    assert ("plug" in held(report)["XFunction"]) is ships


def test_variables_and_configuration_show_the_use_of_a_large_distribution(tmp_path: Path) -> None:
    library = FakeWheel(files={**LIBRARY, "host/all.py": "KINDS = {'pg': 'host.utils'}\n", "host/utils.py": MENTION})
    shown = {
        "variable": {"functions/x/function.yaml": "Environment:\n  Variables:\n    URL: pg://x\n"},
        "yaml": {"functions/x/settings.yaml": "url: pg://x\n"},
        "toml": {"functions/x/settings.toml": "url = 'pg://x'\n"},
        "text": {"functions/x/settings.txt": "url = 'pg://x'\n"},
    }
    front = FakeWheel(files={"front.py": "import host\n"}, requires=("host",))
    wheels = {"front": front, "host": library, "plug": LARGE}
    built = {name: build(tmp_path / name, USES_HOST, wheels, more=more) for name, more in shown.items()}
    ships = {name: "plug" in held(report)["XFunction"] for name, report in built.items()}
    assert ships == {"variable": True, "yaml": True, "toml": True, "text": False}


def test_what_only_edgeroutes_needs_ships_at_no_mention_of_a_library(tmp_path: Path) -> None:
    """As `pip-compile` lists rich and pygments for `edgeroutes[dev]`, which httpx mentions for its command line."""
    own = FakeWheel(requires=("plug; extra == 'dev'", "both; extra == 'dev'"))
    library = FakeWheel(files={**LIBRARY, "host/cli.py": "import plug\nimport both\n"})
    wheels = {"host": library, "plug": PLUG, "both": FakeWheel(files={"both.py": ""}), "edgeroutes": own}
    listed = """\
both==1.0
    # via
    #   -r requirements.in
    #   edgeroutes
edgeroutes==1.0  # via -r requirements.in
host==1.0  # via -r requirements.in
plug==1.0  # via edgeroutes
"""
    wheels |= {name: FakeWheel() for name, _ in required_names(own_requirements(), "", {})}
    files = {"pyproject.toml": RUNTIME, "requirements.txt": listed, "functions/x/route.py": USES_HOST}
    report = make_project(tmp_path / "x", files, wheels).build()
    assert held(report)["XFunction"] == ["both", "host"]
    files["functions/x/route.py"] = f"PARSER = 'plug'\n{USES_HOST}"
    assert held(make_project(tmp_path / "y", files, wheels).build())["XFunction"] == ["both", "host", "plug"]


def test_a_large_extra_that_is_left_out_is_reported_with_include_and_exclude(tmp_path: Path) -> None:
    report = build(tmp_path / "a", USES_HOST, {"host": BY_EXTRA, "plug": LARGE})
    said = (
        "host can use plug, which other functions use; XFunction shows no use of it and goes without. List it in the function.yaml of a "
        "function: under 'include' where the function needs it, else under 'exclude'."
    )
    assert report.warnings == (said,)
    for key, include in (("b", "include: [plug]\n"), ("c", "exclude: [plug]\n")):
        more = {"functions/x/function.yaml": include}
        assert build(tmp_path / key, USES_HOST, {"host": BY_EXTRA, "plug": LARGE}, more=more).warnings == ()


EXCLUDES: dict[str, tuple[dict[str, str], list[str], bool]] = {
    "for all functions": ({"": "exclude: [plug]"}, [], True),
    "for all, and needed by this one": ({"": "exclude: [plug]", "uses/": "include: [plug]"}, ["plug"], False),
    "a layer has it": ({"uses/": "exclude: [plug]\nLayers: [arn]"}, [], False),
    "a try": ({"": "exclude: [plug]", "uses/route.py": f"try:\n    import plug\nexcept ImportError:\n    pass\n{HELLO}"}, [], False),
}  # fmt: skip


@pytest.mark.parametrize(("settings", "ships", "warned"), EXCLUDES.values(), ids=EXCLUDES)
def test_an_import_of_what_exclude_keeps_out_is_warned_of(
    settings: dict[str, str], ships: list[str], warned: bool, tmp_path: Path
) -> None:
    more = {
        f"functions/{key}" if "." in key else f"functions/{key}function.yaml": text for key, text in settings.items()
    }
    report = build(tmp_path, HELLO, {"plug": PLUG}, more=more)
    assert held(report)["UsesFunction"] == ships
    warning = (
        "functions/uses/route.py:1: imports 'plug', and 'exclude' in function.yaml keeps 'plug' out of the function. Remove it from "
        "'exclude', or list it under 'include' in the function.yaml of this route."
    )
    assert report.warnings == ((warning,) if warned else ())


def test_why_names_the_mention_of_what_a_function_goes_without(tmp_path: Path) -> None:
    """As urllib3 mentions cryptography: a warning for every function that sends requests would say nothing."""
    front = FakeWheel(files={"front.py": "import host\n"}, requires=("host",))
    wheels = {"front": front, "host": FakeWheel(files={"host.py": MENTION}), "plug": LARGE}
    report = build(tmp_path, f"import front\n{HELLO}", wheels)
    assert report.warnings == ()
    with pytest.raises(BundleError) as caught:
        explain(report, "/x", "Plug")
    assert str(caught.value) == (
        "XFunction: the function does not contain 'Plug': host.py:1 of host imports plug, other functions use it, and nothing "
        "in this one's code shows a use. If it needs it, list 'Plug' under 'include' in its function.yaml."
    )


@pytest.mark.parametrize(("size", "ships"), [(9_000_000, ["host", "one"]), (4_000_000, ["host", "one", "two"])])
def test_a_library_that_a_function_imports_brings_what_is_moderate_together(
    size: int, ships: list[str], tmp_path: Path
) -> None:
    """As PyJWT brings cryptography, while pandas does not bring every engine that some other function uses."""
    names = ("one", "two")
    wheels = {
        name: FakeWheel(files={f"{name}/__init__.py": "NAME = 1\n", f"{name}/data": "x" * size}) for name in names
    }
    extras = tuple(f"{name}; extra == 'e{name}'" for name in names)
    more = {"functions/uses/route.py": f"import one, two\n{HELLO}"}
    source = f"import host\n\nCHOSEN = 'one'\n{HELLO}"
    library = FakeWheel(files=LIBRARY, requires=extras)
    assert held(build(tmp_path, source, {"host": library, **wheels}, more=more))["XFunction"] == ships


def test_what_a_library_has_anyway_counts_for_no_companion(tmp_path: Path) -> None:
    """As psycopg2 and a dialect that requires SQLAlchemy come with SQLAlchemy, whatever that weighs."""
    library = FakeWheel(files={**LIBRARY, "host/data": "x" * 17_000_000}, requires=("plug; extra == 'fast'",))
    wheels = {
        "host": library,
        "plug": FakeWheel(files={**PLUG.files, "plug/data": "x" * 3_000_000}, requires=("host",)),
    }
    assert held(build(tmp_path, USES_HOST, wheels))["XFunction"] == ["host", "plug"]


@pytest.mark.parametrize(("size", "ships"), [(20_000_000, True), (40_000_000, False)])
def test_a_plugin_of_a_library_that_a_function_imports_ships_or_is_reported(
    size: int, ships: bool, tmp_path: Path
) -> None:
    """As segno reads the entry points of qrcode-artistic, which requires Pillow."""
    library = host(
        "from importlib.metadata import entry_points\n\ndef load():\n    return entry_points(group='host.plugins')\n"
    )
    plug = FakeWheel(files={**BY_ENTRY_POINT.files, "plug/data": "x" * size})
    report = build(tmp_path, USES_HOST, {"host": library, "plug": plug})
    assert ("plug" in held(report)["XFunction"]) is ships
    assert [each.partition(",")[0] for each in report.warnings] == ([] if ships else ["host can use plug"])


def test_an_extra_may_be_one_of_another_distribution(tmp_path: Path) -> None:
    """As celery's `sqlalchemy` is kombu's."""
    inner = FakeWheel(files={"inner.py": ""}, requires=("plug; extra == 'db'",))
    library = FakeWheel(
        files=LIBRARY, requires=("inner", "inner[db]>=1 ; extra == 'sql'", "inner[no]; extra == 'other'")
    )
    source = f"import host\nhost.connect(kind='sql+memory')\n{HELLO}"
    report = build(tmp_path, source, {"host": library, "inner": inner, "plug": LARGE})
    assert explain(report, "/x", "plug")[-1] == "host offers plug as its extra 'sql', and the project declares both"


def test_a_large_distribution_that_no_code_uses_ships_at_any_mention(tmp_path: Path) -> None:
    """As PySocks, which urllib3 imports if it is there."""
    front = FakeWheel(files={"front.py": "import host\n"}, requires=("host",))
    wheels = {"front": front, "host": FakeWheel(files={"host.py": MENTION}), "plug": LARGE}
    report = build(tmp_path, f"import front\n{HELLO}", wheels, more={"functions/uses/route.py": HELLO})
    assert held(report)["XFunction"] == ["front", "host", "plug"]


@pytest.mark.parametrize(("installed", "warned"), [("1.0", True), ("2.0.0", False)])
def test_another_installed_version_than_the_functions_get_is_warned_of(
    installed: str, warned: bool, tmp_path: Path
) -> None:
    """Dev runs what is installed, functions get what the lock has."""
    files = {"requirements.txt": "host==2.0\n", "functions/x/route.py": USES_HOST}
    project = make_project(tmp_path, files, {"host": FakeWheel(version="2.0", files=LIBRARY)})
    shutil.rmtree(project.site_packages / "host-2.0.dist-info")
    write_wheel("host", FakeWheel(version=installed, files=LIBRARY), project.site_packages)
    warning = (
        "requirements.txt has other versions than the environment in which dev and tests run (in parentheses): host 2.0 (1.0). "
        "Install what requirements.txt has."
    )
    assert [each for each in project.build().warnings if "versions" in each] == ([warning] if warned else [])
