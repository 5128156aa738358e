"""The package's layers: the contracts of import-linter, and rules that it cannot check."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "edgeroutes"
# cli/skeleton is data: what `edgeroutes init` copies, written as users write.
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "skeleton" not in path.parts)
PACKAGES = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in MODULES} - {"__init__"}
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
STANDARD_LIBRARY_ONLY = ("http", "routing", "errors.py", "names.py", "types.py", "_version.py")
# Packages of neither side: those below both, and those above, where both meet.
SHARED = {
    "http",
    "routing",
    "errors",
    "names",
    "types",
    "_version",
    "cli",
    "testing",
    "dev",
    "local_aws",
    "asgi",
    "__main__",
}


def relative(module: Path) -> str:
    return module.relative_to(ROOT).as_posix()


def imports_that_run(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and module of every import but those under `if TYPE_CHECKING:`."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            waiting += node.orelse
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")
        else:
            waiting += ast.iter_child_nodes(node)


def test_import_linters_contracts_are_kept() -> None:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def packages_of(modules: list[str]) -> list[str]:
    return [module.removeprefix("edgeroutes.") for module in modules]


def test_every_package_is_on_one_side_or_shared() -> None:
    build, runtime = [contract for contract in CONTRACTS if " never imports the " in contract["name"]]
    assert build["source_modules"] == runtime["forbidden_modules"]
    assert runtime["source_modules"] == build["forbidden_modules"]
    sides = packages_of([*build["source_modules"], *runtime["source_modules"]])
    assert sorted([*sides, *(SHARED & PACKAGES)]) == sorted(PACKAGES)


def test_only_local_aws_dev_and_testing_import_moto() -> None:
    (contract,) = [contract for contract in CONTRACTS if contract.get("forbidden_modules") == ["moto"]]
    assert packages_of(contract["source_modules"]) == sorted(
        PACKAGES - {"__main__", "asgi", "cli", "dev", "local_aws", "testing"}
    )


@pytest.mark.parametrize(
    "module", [path for path in MODULES if path.relative_to(PACKAGE).parts[0] in STANDARD_LIBRARY_ONLY], ids=relative
)
def test_lower_packages_import_the_standard_library_only(module: Path) -> None:
    outside = [
        f"{line}: {name}"
        for line, name in imports_that_run(ast.parse(module.read_text()))
        if name.partition(".")[0] not in sys.stdlib_module_names | {"edgeroutes"}
    ]
    assert outside == []


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_a_module_says_which_module_it_imports(module: Path) -> None:
    """Absolutely, and never the façade, not even for types."""
    vague = [
        f"{node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(ast.parse(module.read_text()))
        if (isinstance(node, ast.ImportFrom) and (node.level or node.module == "edgeroutes"))
        or (isinstance(node, ast.Import) and any(alias.name == "edgeroutes" for alias in node.names))
    ]
    assert vague == []
