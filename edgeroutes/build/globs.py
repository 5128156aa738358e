"""The patterns of `include` and `exclude`: one matcher, the same under every Python.

`*`, `?` and `[…]` match within one name, `**` any number of folders, and all that is below a folder where it stands last. A name that
begins with a dot is matched only by a part that begins with one. A part that is a name as it stands (`[id]`) matches that name, too.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

GLOB_MARKS = frozenset("*?[")
_ANY = "**"


def is_glob(text: str) -> bool:
    """Whether the text has a mark of a pattern."""
    return bool(GLOB_MARKS.intersection(text))


def glob_parts(pattern: str) -> tuple[str, ...]:
    """The pattern's parts between slashes; a repeated `**` says nothing more than one, and is left out."""
    parts: list[str] = []
    for part in pattern.split("/"):
        if part in ("", ".") or (part == _ANY and parts[-1:] == [_ANY]):
            continue
        parts.append(part)
    return (*parts, _ANY) if pattern.endswith("/") and parts[-1:] != [_ANY] else tuple(parts)


def matches_name(name: str, part: str) -> bool:
    """Whether one part of a pattern matches one name."""
    if name == part:
        return True
    return name.startswith(".") <= part.startswith(".") and fnmatchcase(name, part)


def matches_path(path: str, pattern: str) -> bool:
    """Whether the pattern matches the path of a file, both relative to the project's root."""
    names, parts = path.split("/"), glob_parts(pattern)
    reached = {0}  # parts that the names so far may have used up
    for name in names:
        reached = _after_any(reached, parts)
        reached = {
            index + (parts[index] != _ANY) for index in reached if index < len(parts) and _takes(name, parts[index])
        }
    return bool(reached & {len(parts)}) or (parts[-1:] == (_ANY,) and len(parts) - 1 in reached)


def _after_any(reached: set[int], parts: tuple[str, ...]) -> set[int]:
    """The same places and, since `**` may also match no folder, those behind it."""
    return reached | {index + 1 for index in reached if index < len(parts) and parts[index] == _ANY}


def _takes(name: str, part: str) -> bool:
    return not name.startswith(".") if part == _ANY else matches_name(name, part)
