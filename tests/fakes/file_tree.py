"""A project's folders drawn as a picture: the `FileTree` that tests give to `scan`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HANDLER = "def GET():\n    return {}\n"
MIDDLEWARE = "async def middleware(request, call_next):\n    return await call_next(request)\n"


class FakeFileTree:
    """Folders and files in memory.

    Args:
        files: Path → text.
        links: Path of a link to a folder → the folder.
        unreadable: Folders that cannot be listed.
    """

    def __init__(
        self, files: Mapping[str, str], links: Mapping[str, str] | None = None, unreadable: Sequence[str] = ()
    ) -> None:
        self.files = dict(files)
        self.links = dict(links or {})
        self.unreadable = unreadable

    def list_names(self, directory: str) -> Sequence[str]:
        real = self.resolve(directory)
        if real in self.unreadable:
            raise PermissionError(13, "Permission denied", directory)
        prefix = f"{real}/" if real else ""
        below = [path.removeprefix(prefix) for path in (*self.files, *self.links) if path.startswith(prefix)]
        return sorted({path.partition("/")[0] for path in below})

    def is_directory(self, path: str) -> bool:
        real = self.resolve(path)
        return real in self.unreadable or any(file.startswith(f"{real}/") for file in (*self.files, *self.links))

    def resolve(self, directory: str) -> str:
        resolved = ""
        for name in directory.split("/"):
            resolved = f"{resolved}/{name}" if resolved else name
            resolved = self.links.get(resolved, resolved)
        return resolved

    def leads_out(self, path: str) -> str:
        real = self.resolve(path)
        return real if real.startswith("/") else ""

    def read_text(self, path: str) -> str:
        folder, _, name = path.rpartition("/")
        real = f"{self.resolve(folder)}/{name}" if folder else name
        if real not in self.files:
            raise FileNotFoundError(2, "No such file or directory", path)
        return self.files[real]


def draw_tree(picture: str) -> FakeFileTree:
    """The tree of an indented picture; folders end with '/', and the files that mean something get a working text.

    >>> draw_tree('''
    ...     functions/
    ...       users/
    ...         [id]/
    ...           route.py
    ... ''').files
    {'functions/users/[id]/route.py': 'def GET():\\n    return {}\\n'}
    """
    texts = {"route.py": HANDLER, "middleware.py": MIDDLEWARE}
    files: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for line in picture.splitlines():
        name = line.strip()
        if not name:
            continue
        depth = len(line) - len(line.lstrip())
        above = [(other, folder) for other, folder in above if other < depth]
        if name.endswith("/"):
            above.append((depth, name.rstrip("/")))
        else:
            files["/".join([*(folder for _, folder in above), name])] = texts.get(name, "")
    return FakeFileTree(files)
