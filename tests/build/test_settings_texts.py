"""Modules that variables and configuration files name: they go into the bundle, and `why` says where they are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeroutes.build.report import explain
from tests.build.projects import HELLO, OWN_RUNTIME, bundle_paths, make_project
from tests.fakes.installer import FakeWheel

if TYPE_CHECKING:
    from pathlib import Path

LOGGING = """\
# Not lib.prose/path, nor https://lib.example
handlers:
  file: {class: plug.logs.Handler, formatter: lib.logs.JsonFormatter}
"""


def test_variables_and_configuration_files_name_modules(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": f"""[project]
name = "p"
version = "0"
dependencies = ["plug"]
[tool.edgeroutes]
runtime = "{OWN_RUNTIME}"
env = {{FACTORY = "common.everywhere:make"}}
""",
        "functions/x/route.py": f"from lib import setup\n{HELLO}",
        "functions/x/function.yaml": "Environment:\n  Variables:\n    DJANGO_SETTINGS_MODULE: lib.settings\n    STAGE: prod\n",
        "functions/y/route.py": f"import plug\n{HELLO}",
        "lib/setup.py": "",
        "lib/logging.yaml": LOGGING,
        "common/everywhere.py": "",
        **{f"lib/{name}.py": "" for name in ("logs", "settings", "prose", "example", "unused")},
    }
    project = make_project(tmp_path, files, {"plug": FakeWheel(files={"plug/logs.py": ""})})
    report = project.build()
    x = bundle_paths(project.link(report, "XFunction", tmp_path / "x"))
    y = bundle_paths(project.link(report, "YFunction", tmp_path / "y"))

    named = {"common/everywhere.py", "lib/logs.py", "lib/settings.py", "lib/setup.py", "plug/logs.py"}
    assert {path for path in x if path.endswith(".py") and path.startswith(("common/", "lib/", "plug/"))} == named
    assert {path for path in y if path.startswith(("common/", "lib/"))} == {"common/everywhere.py"}
    assert explain(report, "/x", "lib.settings") == ["functions/x/function.yaml:1 names lib.settings in a string"]
    assert explain(report, "/x", "lib.logs") == ["lib/logging.yaml:3 names lib.logs in a string"]
    assert explain(report, "/x", "plug") == ["lib/logging.yaml:3 names 'plug.logs.Handler' in a string"]


LISTS = {
    "a.toml": 'plugins = ["one", "plug"]\nbackend = "two"\n',
    "a.json": '{"plugins":["one","plug"],"backend":"two"}',
    "a.yaml": "plugins:\n- one\n- plug  # words\nbackend: two\n",
    "b.yaml": "plugins: [one, 'plug']\nbackend: 'two'\n",
    "a.ini": "[x]\nplugins =\n    one\n    plug\nbackend = two\n",
    "b.ini": "[x]\nplugins = one, plug, two\n",
}
PROSE = {
    "a.toml": "# one\none = 'the plug and two'\n[two]\nplug = 1\n",
    "a.json": '{"one": 1, "plug": {"two": "a plug and one"}}',
    "a.yaml": "one:\n  plug: the one of two\n# two\n",
}


@pytest.mark.parametrize(
    ("files", "found"), [*(({name: text}, True) for name, text in LISTS.items()), (PROSE, False)], ids=[*LISTS, "prose"]
)
def test_single_words_that_are_values_name_modules_and_distributions(
    files: dict[str, str], found: bool, tmp_path: Path
) -> None:
    project = make_project(
        tmp_path,
        {
            "pyproject.toml": f"""[project]
name = "p"
version = "0"
dependencies = ["plug"]
[tool.edgeroutes]
runtime = "{OWN_RUNTIME}"
""",
            "functions/x/route.py": HELLO,
            "functions/y/route.py": f"import plug\n{HELLO}",
            "one.py": "",
            "two.py": "",
            **{f"functions/x/{name}": text for name, text in files.items()},
        },
        {"plug": FakeWheel(files={"plug.py": ""})},
    )
    shipped = bundle_paths(project.link(project.build(), "XFunction", tmp_path / "x"))
    assert ({"one.py", "two.py", "plug.py"} <= shipped) is found
    assert found or shipped.isdisjoint({"one.py", "two.py", "plug.py"})
