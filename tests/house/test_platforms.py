"""Modules that only some systems have are imported where they are used, so that every module imports everywhere."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "edgeroutes"
# Source: docs.python.org, "Unix-specific services" and "MS Windows-specific services".
SOME_SYSTEMS = frozenset({
    "fcntl", "grp", "msvcrt", "posix", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty", "winreg", "winsound", "_winapi",
})  # fmt: skip
# Functions of os that Windows does not have.
POSIX_ONLY = frozenset({
    "fork", "forkpty", "geteuid", "getuid", "getpgid", "killpg", "mkfifo", "setpgid", "setsid", "getloadavg", "sched_getaffinity", "uname",
})  # fmt: skip


def test_no_module_imports_at_its_top_what_only_some_systems_have() -> None:
    found = []
    for file in PACKAGE.rglob("*.py"):
        for node in ast.parse(file.read_bytes()).body:
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            found += [(file.name, node.lineno, name) for name in names if name.partition(".")[0] in SOME_SYSTEMS]
    assert found == []


def test_functions_of_os_that_windows_lacks_are_looked_up_before_they_are_called() -> None:
    found = []
    for file in PACKAGE.rglob("*.py"):
        source = file.read_text("utf-8")
        for node in ast.walk(ast.parse(source)):
            is_of_os = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os"
            if is_of_os and node.attr in POSIX_ONLY and f'hasattr(os, "{node.attr}")' not in source:
                found.append((file.relative_to(PACKAGE).as_posix(), node.lineno, node.attr))
    assert found == []
