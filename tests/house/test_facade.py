"""`from edgeroutes import …`: complete, sorted, lazy, and the same to type checkers as at run time."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import FunctionType

import pytest

import edgeroutes

SOURCE = Path(edgeroutes.__file__).read_text()
EXPORTS: dict[str, str] = edgeroutes._EXPORTS


def loaded_by(statement: str) -> list[str]:
    """The modules of edgeroutes that a fresh interpreter has after the statement."""
    program = (
        f"import sys, json\n{statement}\nprint(json.dumps([m for m in sys.modules if m.startswith('edgeroutes')]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded: list[str] = json.loads(done.stdout)
    return sorted(loaded)


def test_the_names_are_sorted_and_all_public() -> None:
    assert list(EXPORTS) == sorted(EXPORTS)
    assert edgeroutes.__all__ == list(EXPORTS)
    assert set(EXPORTS) <= set(dir(edgeroutes))


@pytest.mark.parametrize(("name", "module"), EXPORTS.items())
def test_a_name_comes_from_the_module_that_defines_it(name: str, module: str) -> None:
    value = getattr(edgeroutes, name)
    assert value is getattr(import_module(module), name)
    if isinstance(value, type | FunctionType):
        assert value.__module__ == module


def test_type_checkers_see_the_same_table() -> None:
    block = next(
        node
        for node in ast.parse(SOURCE).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    assert len(imports) == len(block.body)
    assert {alias.name: node.module for node in imports for alias in node.names} == EXPORTS
    # Without 'as' a strict type checker takes the name for private.
    assert all(alias.asname == alias.name for node in imports for alias in node.names)


def test_importing_it_loads_nothing_else() -> None:
    assert loaded_by("import edgeroutes") == ["edgeroutes"]


def test_importing_a_name_loads_its_module_only() -> None:
    loaded = loaded_by("from edgeroutes import not_found")
    assert "edgeroutes.http.interrupts" in loaded
    assert not [module for module in loaded if module.startswith(("edgeroutes.runtime", "edgeroutes.adapters"))]


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'edgeroutes' has no attribute 'Nothing'"):
        getattr(edgeroutes, "Nothing")  # noqa: B009  # a type checker knows better
