"""The size of the package `edgeroutes`, at one or several commits: the table of docs/architecture.md.

Run from the repository's root::

    .venv/bin/python benchmarks/size.py [COMMIT ...]
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tarfile
from io import BytesIO
from statistics import mean, median

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DEFINITIONS = (*FUNCTIONS, ast.ClassDef)


def sources(commit: str) -> list[str]:
    """The text of every Python module of the package, without the project that `edgeroutes init` copies."""
    archive = subprocess.run(["git", "archive", commit, "edgeroutes"], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        files = [tar.extractfile(name) for name in tar.getnames() if name.endswith(".py") and "/skeleton/" not in name]
        return [file.read().decode() for file in files if file]


def public_names(tree: ast.Module) -> set[str]:
    """Functions, classes and constants of a module without a leading underscore."""
    names = {node.name for node in tree.body if isinstance(node, DEFINITIONS)}
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return {name for name in names if not name.startswith("_")}


def measure(commit: str) -> dict[str, str]:
    """The figures of one commit."""
    texts = sources(commit)
    trees = [ast.parse(text) for text in texts]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    functions = [node for node in nodes if isinstance(node, FUNCTIONS)]
    lengths = [(node.end_lineno or node.lineno) - node.lineno + 1 for node in functions]
    documented = [node for node in nodes if isinstance(node, (ast.Module, *DEFINITIONS)) and ast.get_docstring(node)]
    return {
        "lines": f"{sum(text.count(chr(10)) for text in texts):,}",
        "modules": f"{len(texts):,}",
        "lines of a module, median": f"{median(text.count(chr(10)) for text in texts):.0f}",
        "public module-level names": f"{sum(len(public_names(tree)) for tree in trees):,}",
        "classes": f"{sum(isinstance(node, ast.ClassDef) for node in nodes):,}",
        "functions": f"{len(functions):,}",
        "lines of a function, median / mean": f"{median(lengths):.0f} / {mean(lengths):.1f}",
        "docstrings": f"{len(documented):,}",
    }


def main(commits: list[str]) -> None:
    """Print the table."""
    columns = [measure(commit) for commit in commits]
    print("| | " + " | ".join(commits) + " |")
    print("|---|" + "--:|" * len(commits))
    for name in columns[0]:
        print(f"| {name} | " + " | ".join(column[name] for column in columns) + " |")


if __name__ == "__main__":
    main(sys.argv[1:] or ["HEAD"])
