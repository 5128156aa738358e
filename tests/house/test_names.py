"""The header fields and environment variables of edgeroutes are written once: both sides read them from `names`."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from edgeroutes import names

PACKAGE = Path(names.__file__).parent
OWN = {
    value
    for value in vars(names).values()
    if isinstance(value, str) and value.startswith(("x-edgeroutes-", "EDGEROUTES_")) and value != names.OWN_VARIABLES
}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "names.py")


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_module_has_a_copy_of_a_shared_name(module: Path) -> None:
    constants = (node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Constant))
    assert [f"{node.lineno}: {node.value}" for node in constants if node.value in OWN] == []
