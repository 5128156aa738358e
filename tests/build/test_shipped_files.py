"""Which files of a distribution go into bundles: not its tests, unless the rest of it imports them."""

from __future__ import annotations

import pytest

from edgeroutes.build.wheels import shipped_files

TESTS = ["pkg/tests/__init__.py", "pkg/tests/runner.py", "pkg/tests/test_it.py"]
# What a file of the package says → whether its tests ship.
IMPORTS = {
    "from .tests.runner import Runner": True,  # astropy's __init__
    "from . import tests": True,
    "from pkg.tests import runner": True,
    "import pkg.tests.runner as r": True,
    "try:\n    from .tests import runner\nexcept ImportError: ...": True,
    "def data():\n    from .tests.runner import DATA": True,
    "RUNNER = 'pkg.tests.runner:Runner'": True,
    "def test():\n    from .tests import runner": False,
    "def run_tests(args):\n    from pkg.tests import runner": False,
    "if __name__ == '__main__':\n    from pkg.tests import runner": False,
    "'''See pkg.tests.runner.'''  # from .tests import runner": False,
    "from .testing import x": False,
    "from other.tests import x": False,
    "from .tests import {{ template }}": False,
}


def test_tests_scripts_caches_and_metadata_stay_behind() -> None:
    paths = [
        "../../bin/run",
        "bin/run",
        "pkg-1.dist-info/METADATA",
        "pkg-1.dist-info/RECORD",
        "pkg-1.dist-info/entry_points.txt",
        "pkg-1.dist-info/licenses/LICENSE",
        "pkg/__init__.py",
        "pkg/__pycache__/__init__.cpython-313.pyc",
        "pkg/native.so",
        "pkg/py.typed",
        "pkg/sub/tests/data.json",
        "pkg/sub/tests/test_it.py",
        "pkg/test/conftest.py",
        "pkg/test/help.py",
        "pkg/testing/__init__.py",
        "pkg/tests/fixtures.py",
        "test_pkg.py",
    ]
    assert shipped_files(paths, lambda _: b"") == [
        "pkg-1.dist-info/METADATA",
        "pkg-1.dist-info/entry_points.txt",
        "pkg/__init__.py",
        "pkg/native.so",
        "pkg/py.typed",
        "pkg/testing/__init__.py",
        "pkg/tests/fixtures.py",  # a folder called so, and nothing in it says that it holds tests
        "test_pkg.py",
    ]


@pytest.mark.parametrize(("source", "ships"), IMPORTS.items(), ids=IMPORTS)
def test_tests_that_the_rest_of_the_distribution_imports_ship(source: str, ships: bool) -> None:
    files = {"pkg/__init__.py": source, **dict.fromkeys(TESTS, "")}
    expected = sorted(files) if ships else ["pkg/__init__.py"]
    assert shipped_files(files, lambda path: files[path].encode()) == expected


def test_tests_that_shipped_tests_import_ship_too_and_others_do_not() -> None:
    files = {
        "pkg/__init__.py": "from .tests.runner import Runner",
        "pkg/tests/runner.py": "from pkg.sub.tests.helper import help",
        "pkg/tests/test_it.py": "from pkg.more.tests.helper import help",
        "pkg/sub/tests/helper.py": "",
        "pkg/sub/tests/test_sub.py": "",
        "pkg/more/tests/helper.py": "",
        "pkg/more/tests/conftest.py": "",
    }
    kept = shipped_files(files, lambda path: files[path].encode())
    assert set(files) - set(kept) == {"pkg/more/tests/helper.py", "pkg/more/tests/conftest.py"}


def test_a_file_that_is_recorded_and_not_there_imports_nothing() -> None:
    def read(path: str) -> bytes:
        raise FileNotFoundError(path)

    assert shipped_files(["pkg/__init__.py", *TESTS], read) == ["pkg/__init__.py"]
