"""The floor plan: what import-linter keeps, and what it cannot see."""

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
ROOMS = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in MODULES} - {"__init__"}
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
GROUND = ("http", "routing", "errors.py", "types.py", "_version.py")
# Rooms that no wing owns: the ground, the cellar, and those above the wings, where both meet.
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


def rooms_of(modules: list[str]) -> list[str]:
    return [module.removeprefix("edgeroutes.") for module in modules]


def test_every_room_is_in_one_wing_or_shared_by_both() -> None:
    building, answering = [contract for contract in CONTRACTS if contract["name"].startswith("Wings")]
    assert building["source_modules"] == answering["forbidden_modules"]
    assert answering["source_modules"] == building["forbidden_modules"]
    wings = rooms_of([*building["source_modules"], *answering["source_modules"]])
    assert sorted([*wings, *(SHARED & ROOMS)]) == sorted(ROOMS)


def test_moto_is_kept_out_of_every_package_but_local_aws_and_those_above_it() -> None:
    (contract,) = [contract for contract in CONTRACTS if contract.get("forbidden_modules") == ["moto"]]
    assert rooms_of(contract["source_modules"]) == sorted(
        ROOMS - {"__main__", "asgi", "cli", "dev", "local_aws", "testing"}
    )


@pytest.mark.parametrize(
    "module", [path for path in MODULES if path.relative_to(PACKAGE).parts[0] in GROUND], ids=relative
)
def test_the_ground_runs_on_the_standard_library_alone(module: Path) -> None:
    outside = [
        f"{line}: {name}"
        for line, name in imports_that_run(ast.parse(module.read_text()))
        if name.partition(".")[0] not in sys.stdlib_module_names | {"edgeroutes"}
    ]
    assert outside == []


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_a_module_says_which_module_it_imports(module: Path) -> None:
    """Absolutely, and never the façade, not even for types: it stands outside and would load what it is asked for."""
    vague = [
        f"{node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(ast.parse(module.read_text()))
        if (isinstance(node, ast.ImportFrom) and (node.level or node.module == "edgeroutes"))
        or (isinstance(node, ast.Import) and any(alias.name == "edgeroutes" for alias in node.names))
    ]
    assert vague == []
