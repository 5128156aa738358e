"""Paths that string literals name: which positions count, and what is cut off where only run time knows more."""

from __future__ import annotations

import ast

import pytest

from edgeroutes.build.path_texts import read_path_texts

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
    "x = 'a/b.txt'": ["a/b.txt"],
}
NO_PATHS = (
    "x = {'data': 1}", "f(data='data')", "body['data']", "x = 'templates'", "getattr(x, 'data')", "'''data/x.json'''", "open('/data/x')",
    "open('../data')", "Path('/tmp') / 'data'", "os.path.join(tempfile.gettempdir(), 'data')", "fetch('https://a.example/data')",
    "', '.join(names)", "open('.env')", "open('')", "open(f'{name}/data')",
)  # fmt: skip


@pytest.mark.parametrize(("source", "paths"), PATHS.items(), ids=PATHS)
def test_a_text_in_the_position_of_a_path_is_one(source: str, paths: list[str]) -> None:
    assert sorted(each.path for each in read_path_texts(ast.parse(source))) == paths


@pytest.mark.parametrize("source", NO_PATHS)
def test_a_word_elsewhere_and_a_path_out_of_the_project_are_none(source: str) -> None:
    assert read_path_texts(ast.parse(source)) == ()
