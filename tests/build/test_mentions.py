"""By which names code may mention a distribution."""

from __future__ import annotations

import pytest

from edgeroutes.build.mentions import Identity, entry_point_groups, is_tool, make_identity

FILES = {
    "a package": (
        ["lxml/__init__.py", "lxml/etree.cpython-313-x86_64-linux-gnu.so", "lxml-5.dist-info/METADATA"],
        ("lxml",),
    ),
    "a module": (["six.py", "six-1.dist-info/RECORD"], ("six",)),
    "a compiled module": (
        ["_cffi_backend.cpython-313-x86_64-linux-gnu.so", "cffi/__init__.py"],
        ("_cffi_backend", "cffi"),
    ),
    "another name": (["PIL/__init__.py", "PIL/Image.py", "pillow.libs/libjpeg.so.62"], ("PIL",)),
    "a namespace": (["google/cloud/storage/__init__.py", "google/cloud/storage/blob.py"], ("google.cloud.storage",)),
    "modules in a namespace": (["zope/a.py", "zope/b/__init__.py"], ("zope.a", "zope.b")),
    "a package with data folders": (["lib/__init__.py", "lib/data/x.py", "lib/data/y.txt"], ("lib",)),
    "tests shipped by mistake": (["lib/__init__.py", "tests/__init__.py", "tests/test_x.py"], ("lib",)),
    "nothing but tests": (["tests/__init__.py"], ("tests",)),
    "no modules": (["x-1.dist-info/METADATA", "share/x.txt"], ()),
}


@pytest.mark.parametrize(("files", "names"), FILES.values(), ids=FILES)
def test_import_names_are_the_shortest_that_have_code(files: list[str], names: tuple[str, ...]) -> None:
    assert make_identity("no-modules", files, "").import_names == (names or ("no_modules",))


def test_a_distribution_without_known_files_is_called_as_it_is_named() -> None:
    assert make_identity("my-lib", (), "") == Identity(name="my-lib", import_names=("my_lib",))


def test_the_time_zones_are_mentioned_by_whoever_reads_them() -> None:
    assert make_identity("tzdata", ["tzdata/__init__.py"], "").import_names == ("tzdata", "zoneinfo")


def test_groups_are_those_that_a_function_may_read() -> None:
    text = """
[console_scripts]
x = x:main

[opentelemetry_propagator]
b3 = opentelemetry.propagators.b3:B3MultiFormat

[sqlalchemy.dialects]
mysql.aurora = x:y
[pytest11]
p = x
"""
    assert entry_point_groups(text) == ("opentelemetry_propagator", "sqlalchemy.dialects")
    assert entry_point_groups("no ini [") == ()


def test_a_host_name_is_not_a_module() -> None:
    identity = make_identity("pandas", ["pandas/__init__.py", "pandas/io/__init__.py", "pandas/core/frame.py"], "")
    names = ["pandas", "pandas.io", "pandas.io.sql", "pandas.DataFrame", "pandas.com", "pandas.dev", "pandasx"]
    assert [name for name in names if identity.has(name)] == names[:4]


def test_tools_are_distinguished_from_libraries() -> None:
    names = ["pytest", "pytest-mock", "mypy", "boto3-stubs", "types-redis", "ruff", "setuptools", "edgeroutes"]
    assert [name for name in names if not is_tool(name)] == []
    assert [name for name in ("redis", "requests", "build-tools", "testcontainers", "uvicorn") if is_tool(name)] == []
