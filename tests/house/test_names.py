"""Header fields, environment variables and file names that several modules use are written once, in `names`."""

from __future__ import annotations

import ast
from pathlib import Path

from edgeroutes import names
from edgeroutes.routing import conventions

PACKAGE = Path(names.__file__).parent
OWN = {
    value
    for value in vars(names).values()
    if isinstance(value, str) and value.startswith(("x-edgeroutes-", "EDGEROUTES_")) and value != names.OWN_VARIABLES
} | {names.CONFIG_FILE, names.TEMPLATE_FILE, names.SAM_CONFIG_FILE, names.SAM_FOLDER, conventions.FUNCTION_FILE}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name not in ("names.py", "conventions.py"))


def test_no_module_has_a_copy_of_a_shared_name() -> None:
    copies = [
        f"{module.relative_to(PACKAGE)}:{node.lineno}: {node.value}"
        for module in MODULES
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Constant) and node.value in OWN
    ]
    assert copies == []
