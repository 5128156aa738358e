"""The project speaks the field's plain English: request and response, cache and evict, local AWS."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Third-party text, and this list itself.
EXEMPT = ("tests/cases", "tests/packages/cases", "tests/house/test_language.py")

# What to write instead is at the right.
WORDS = {
    r"(?<!there )\b(?:is|are|was|were) no\b (?!longer|more|less|worse)": "is not a, has no",
    r"\b(?:is|are|was|were) (?:told|said|asked)\b|\bbe (?:told|said)\b": "gets, sets, reports, receives",
    r"\b(?:asked for|asks for|asking for)\b": "requested, reads",
    r"\btold apart\b|\btells? .{0,30} apart\b|\bone and the same\b": "distinguished, the same",
    r"\bforget(?:s|tings)?\b(?! (?:to|`))|\bforgotten\b(?! `)": "evict, invalidate",
    r"\bmend(?:s|ed|ing)?\b": "fix",
    r"\bails\b|\blitter\b": "fails, leftovers",
    r"\bways? out\b": "fix, alternative",
    r"\bthe desk\b|\boutlet\b|\bporch\b|\bcellar\b|\bsurroundings\b": "local AWS, writer, facade, environment",
    r"\bfloor plan\b|\b(?:ground|first|second|third|build|request) (?:floor|wing)\b|\bwings?\b": "layer",
    r"(?<!in )\bflights?\b|\baskings\b": "coalescing, reads",
    r"\banswer(?:s|ed|ing)?\b|(?-i:[a-z]Answers?\b|\bAnswer[A-Z])": "response, respond",
}
_WORDS = {re.compile(pattern, re.IGNORECASE): instead for pattern, instead in WORDS.items()}

CHECKED_SUFFIXES = {".py", ".md", ".yaml", ".yml", ".toml"}


def _packages() -> dict[str, list[Path]]:
    """The files of each package: a folder of `edgeroutes/` or `tests/`, or a folder or file of the root."""
    packages: dict[str, list[Path]] = {}
    for top in (
        "edgeroutes",
        "tests",
        "docs",
        "functions",
        "infra",
        "benchmarks",
        "README.md",
        "SECURITY.md",
        "CHANGELOG.md",
    ):
        path = ROOT / top
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            name = file.relative_to(ROOT).as_posix()
            if file.suffix in CHECKED_SUFFIXES and not name.startswith(EXEMPT):
                parts = name.split("/")
                depth = 2 if top in {"edgeroutes", "tests"} and len(parts) > 2 else 1
                packages.setdefault("/".join(parts[:depth]), []).append(file)
    return packages


def _found(file: Path) -> list[str]:
    found = []
    for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
        for pattern, instead in _WORDS.items():
            if match := pattern.search(line.replace("_", " ")):
                found.append(f"{file.relative_to(ROOT)}:{number}: {match[0]!r}. Write: {instead}.")
                break
    return found


@pytest.mark.parametrize(("package", "files"), _packages().items(), ids=list(_packages()))
def test_a_package_uses_the_words_of_the_field(package: str, files: list[Path]) -> None:
    found = [line for file in files for line in _found(file)]
    assert not found, "\n".join([package, *found])
