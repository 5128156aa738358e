"""Paths that string literals name: which positions count, and what is cut off where only run time knows more."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from edgeroutes.build.report import explain
from edgeroutes.build.texts import possible_paths, read_path_texts
from tests.build.projects import HELLO, OWN_RUNTIME, bundle_paths, make_project
from tests.fakes.installer import FakeWheel

if TYPE_CHECKING:
    from pathlib import Path


PATHS = {
    "FileSystemLoader('templates')": ["templates"],
    "Path('data')": ["data"],
    "pathlib.Path('./data/')": ["data"],
    "open('data/x.json')": ["data/x.json"],
    "importlib.resources.files('templates')": ["templates"],
    "StaticFiles(directory='static')": ["static"],
    "Environment(loader=FileSystemLoader(['a', 'b']))": ["a", "b"],
    "TEMPLATE_DIR = 'views'": ["views"],
    "TEMPLATES = [{'DIRS': ['views']}]": ["views"],
    "def load(folder='data'): ...": ["data"],
    "os.path.join(ROOT, 'data', 'x.json')": ["data/x.json"],
    "ROOT / 'data' / name": ["data"],
    "ROOT.joinpath('data', 'x.json').read_text()": ["data/x.json"],
    "Path(__file__).parents[2] / 'data' / f'{name}.json'": ["data"],
    "open(f'data/{name}.json')": ["data"],
    "open('data/' + name)": ["data"],
    "open('data/%s.json' % name)": ["data"],
    "glob('data/**/*.json')": ["data"],
    "open('config.yaml' if x else 'data/other.yaml')": ["config.yaml", "data/other.yaml"],
    "f(json.load(open('data/x.json')))": ["data/x.json"],
    "read('words.txt')": ["words.txt"],
    "open('../data')": ["../data"],
    "os.path.join(os.path.dirname(__file__), '..', 'data')": ["../data"],
    "(HERE / 'sql').glob('*.sql')": ["sql"],
    "open(f'jobs/{name}.py')": ["jobs"],
    "x = 'a/b.txt'": ["a/b.txt"],
    "gettext.translation('shop', 'locale')": ["locale", "shop"],
    "gettext.bindtextdomain('shop', 'locale')": ["locale", "shop"],
}
NO_PATHS = (
    "x = {'data': 1}", "f(data='data')", "body['data']", "x = 'templates'", "getattr(x, 'data')", "'''data/x.json'''", "open('/data/x')",
    "Path('/tmp') / 'data'", "os.path.join(tempfile.gettempdir(), 'data')", "fetch('https://a.example/data')",
    "', '.join(names)", "open('.env')", "open('')", "open(f'{name}/data')",
)  # fmt: skip


@pytest.mark.parametrize(("source", "paths"), PATHS.items(), ids=PATHS)
def test_a_text_in_the_position_of_a_path_is_one(source: str, paths: list[str]) -> None:
    assert sorted(each.path for each in read_path_texts(ast.parse(source))) == paths


DEFAULTS = {
    "from flask import Flask": {"static": False, "templates": False},
    "import bottle": {"views": False},
    "from celery import Celery": {"celeryconfig.py": True},
    "app = Flask(__name__, instance_relative_config=True)": {"instance": True},
    "print(app.instance_path)": {"instance": True},
    "import jinja2": {},
}


@pytest.mark.parametrize(("source", "paths"), DEFAULTS.items(), ids=DEFAULTS)
def test_what_a_library_reads_by_default_is_named_by_its_import(source: str, paths: dict[str, bool]) -> None:
    assert {each.path: each.names_code for each in read_path_texts(ast.parse(source))} == paths


MAY_BE_CODE = {
    "run_path('jobs/one.py')": True,
    "Path('migrations')": True,
    "HERE / 'plugins' / f'{name}.py'": True,
    "HERE / 'plugins' / (name + '.py')": True,
    "open('plugins/%s.py' % name)": True,
    "(HERE / 'plugins').glob('*.py')": True,
    "HERE / 'plugins' / name": False,
    "HERE / 'plugins' / f'{name}.json'": False,
    "(HERE / 'plugins').glob('*.sql')": False,
}


@pytest.mark.parametrize(("source", "names_code"), MAY_BE_CODE.items(), ids=MAY_BE_CODE)
def test_a_path_names_code_where_all_of_it_is_written_or_it_ends_in_py(source: str, *, names_code: bool) -> None:
    assert [each.names_code for each in read_path_texts(ast.parse(source))] == [names_code]


def test_a_path_leads_below_the_root_the_folder_of_its_file_and_those_between() -> None:
    assert [*possible_paths("x/y", "a/b")] == ["x/y", "a/x/y", "a/b/x/y"]
    assert [*possible_paths("../x", "a/b")] == ["x", "a/x"]
    assert [*possible_paths("..", "a")] == []


@pytest.mark.parametrize("source", NO_PATHS)
def test_a_word_elsewhere_and_a_path_out_of_the_project_are_none(source: str) -> None:
    assert read_path_texts(ast.parse(source)) == ()


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
