"""The layers of the package: the contracts of import-linter, and what it cannot see."""

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
STANDARD_LIBRARY_ONLY = ("http", "routing", "errors.py", "types.py", "_version.py")
# Packages of neither side: http and routing below them, and those above, which use both.
SHARED = {"http", "routing", "errors", "types", "_version", "cli", "testing", "dev", "local_aws", "asgi", "__main__"}


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


def test_every_package_is_on_one_side_or_shared_by_both() -> None:
    build_side, runtime_side = [contract for contract in CONTRACTS if contract["name"].startswith("Sides")]
    assert build_side["source_modules"] == runtime_side["forbidden_modules"]
    assert runtime_side["source_modules"] == build_side["forbidden_modules"]
    on_a_side = packages_of([*build_side["source_modules"], *runtime_side["source_modules"]])
    assert sorted([*on_a_side, *(SHARED & PACKAGES)]) == sorted(PACKAGES)


def test_moto_is_kept_out_of_every_package_but_local_aws_and_those_above_it() -> None:
    (contract,) = [contract for contract in CONTRACTS if contract.get("forbidden_modules") == ["moto"]]
    assert packages_of(contract["source_modules"]) == sorted(
        PACKAGES - {"__main__", "asgi", "cli", "dev", "local_aws", "testing"}
    )


@pytest.mark.parametrize(
    "module", [path for path in MODULES if path.relative_to(PACKAGE).parts[0] in STANDARD_LIBRARY_ONLY], ids=relative
)
def test_http_and_routing_need_the_standard_library_only(module: Path) -> None:
    outside = [
        f"{line}: {name}"
        for line, name in imports_that_run(ast.parse(module.read_text()))
        if name.partition(".")[0] not in sys.stdlib_module_names | {"edgeroutes"}
    ]
    assert outside == []


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_a_module_imports_modules_by_their_absolute_name(module: Path) -> None:
    """Never the facade, not even for types: it would load the names that it exports."""
    vague = [
        f"{node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(ast.parse(module.read_text()))
        if (isinstance(node, ast.ImportFrom) and (node.level or node.module == "edgeroutes"))
        or (isinstance(node, ast.Import) and any(alias.name == "edgeroutes" for alias in node.names))
    ]
    assert vague == []
