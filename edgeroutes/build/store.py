"""What was built, each thing under a name that says what went into it, so that it is never made twice nor stale.

::

    .edgeroutes/store/
      trees/<name>/  trees/<name>.json     files as they go into bundles, and what they are; a tree without its .json is half made
      functions/<LogicalId>                the trees that make up a function, one a line
      texts/  python.json  lock            what uv said; the interpreter; held while something is written

A name is moved to its place when all behind it is written: an interrupted build leaves only what the next one sweeps away.

Bundles are hard links into the store where nobody may write to them, so that an edited bundle would be an edited store: each file's size
and date are compared before it is used, and a tree with a file that differs is made again.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import stat
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from edgeroutes.errors import BundleError, ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


_STEP_SECONDS = 0.05


@contextlib.contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Alone with this file: others wait.

    Raises:
        OSError: The file cannot be written.
    """
    with path.open("a+b") as file:
        _acquire(file)
        yield  # closing the file releases it


def _acquire(file: IO[bytes]) -> None:
    try:
        import fcntl
    except ImportError:
        _acquire_on_windows(file)
        return
    fcntl.flock(file, fcntl.LOCK_EX)


def _acquire_on_windows(file: IO[bytes]) -> None:
    """Source: docs.python.org, `msvcrt.locking`: locks a region, and fails where another process has it."""
    import msvcrt

    while True:
        file.seek(0)
        with contextlib.suppress(OSError):
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
            return
        time.sleep(_STEP_SECONDS)


FOLDER = ".edgeroutes/store"
_LOCAL_FOLDER = ".edgeroutes"
# The first instant that a zip file can name in every time zone.
ZIP_EPOCH = 315_619_200
# Nobody edits a bundle's file, which is the store's file too, in place.
_FILE_MODE = 0o444
_PROGRAM_MODE = 0o555
_PROGRAM_STARTS = (b"#!", b"\x7fELF")
_UNFINISHED = ".new-"
_KEPT_SECONDS = 14 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A folder of the store.

    Args:
        name: Says what went into it.
        folder: Where it is.
        sizes: The size of every file in it, bytes, by its path with slashes, sorted.
        facts: What else its maker noted.
    """

    name: str
    folder: Path
    sizes: Mapping[str, int]
    facts: Mapping[str, Any]


class Store:
    """The store of one project.

    Args:
        folder: Made when something is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.changed: list[Path] = []
        """Files that were found to be other than they were written; their trees count as not made."""
        self.zipped_bytes: dict[str, int] = {}
        """What is known of how small its trees become, by their names."""
        self._trees: dict[str, Tree | None] = {}

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Alone in this store: others wait.

        Raises:
            ToolError: The folder cannot be written.
        """
        with contextlib.ExitStack() as held:
            with storage_errors(self.folder):
                make_local_folder(self.folder)
                held.enter_context(file_lock(self.folder / "lock"))
            self._trees.clear()
            held.enter_context(full_disk_errors(self.folder))
            yield

    def tree(self, name: str) -> Tree | None:
        """The tree of that name; None where it was not made."""
        if name not in self._trees:
            self._trees[name] = self._read_tree(name)
        return self._trees[name]

    def is_sound(self, name: str) -> bool:
        """Whether the tree of that name is there now, each file as it was written."""
        found = self._trees[name] = self._read_tree(name)
        if found is None:
            del self._trees[name]  # it may be made soon, by another build
        return found is not None

    def make_tree(self, name: str, write: Callable[[Path], Mapping[str, Any]]) -> Tree:
        """The tree of that name, made now if it is not there.

        Args:
            name: Says what goes into it.
            write: Fills an empty folder and gives facts to note.
        """
        known = self.tree(name)
        if known is not None:
            return known
        with storage_errors(self.folder):
            unfinished = self.unfinished_folder()
            try:
                facts = write(unfinished)
                self.adopt(name, unfinished, facts)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
        made = self.tree(name)
        if made is None:
            raise BundleError("what was just written is gone", where=str(self.folder), hint="Build again")
        return made

    def unfinished_folder(self) -> Path:
        """A new empty folder that the next sweep takes away."""
        trees = self.folder / "trees"
        trees.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=trees))
        folder.chmod(0o755)
        return folder

    def adopt(self, name: str, folder: Path, facts: Mapping[str, Any]) -> None:
        """Make a folder of the store the tree of that name, with equal dates and modes for all its files."""
        sizes = {}
        for path in sorted(_files(folder)):
            os.utime(path, (ZIP_EPOCH, ZIP_EPOCH))
            if sys.platform != "win32":  # which removes no file that is read-only: there bundles are copies
                mode = _PROGRAM_MODE if is_program(path) else _FILE_MODE
                os.chmod(path, mode)  # thousands of files: pathlib would be felt  # noqa: PTH101
            sizes[path[len(str(folder)) + 1 :].replace(os.sep, "/")] = os.stat(path).st_size  # noqa: PTH116
        place = self.folder / "trees" / name
        shutil.rmtree(place, ignore_errors=True)
        folder.replace(place)
        self.write_text(f"trees/{name}.json", json.dumps({"sizes": sizes, "facts": facts}, sort_keys=True))
        self._trees.pop(name, None)

    def write_text(self, name: str, text: str) -> None:
        """Put a text into the store, in one step."""
        with storage_errors(self.folder):
            write_whole(self.folder / name, text)

    def read_text(self, name: str) -> str:
        """A text of the store; empty where there is none."""
        try:
            return (self.folder / name).read_text("utf-8")
        except FileNotFoundError:
            return ""

    def functions(self) -> list[str]:
        """The logical ids of the functions that were built, sorted."""
        return sorted(path.name for path in (self.folder / "functions").glob("[!.]*"))

    def function_trees(self, logical_id: str) -> list[Tree]:
        """The trees of a function; empty where it was not built, or where one of them is gone."""
        names = self.read_text(f"functions/{logical_id}").split()
        trees = [tree for name in names if (tree := self.tree(name)) is not None]
        return trees if len(trees) == len(names) else []

    def write_functions(self, functions: Mapping[str, Iterable[Tree]]) -> None:
        """Note the trees of every function; all others are dropped."""
        for logical_id, trees in functions.items():
            text = "".join(f"{tree.name}\n" for tree in trees)
            if self.read_text(f"functions/{logical_id}") != text:
                self.write_text(f"functions/{logical_id}", text)
        for logical_id in self.functions():
            if logical_id not in functions:
                (self.folder / "functions" / logical_id).unlink()

    def sweep(self, used: Iterable[str]) -> None:
        """Take away what an interrupted build left, and the trees that no build has used for two weeks."""
        now = time.time()
        for name in used:
            with contextlib.suppress(OSError):
                os.utime(self.folder / "trees" / f"{name}.json", (now, now))
        with contextlib.suppress(OSError):
            for path in (*self.folder.glob(f"{_UNFINISHED}*"), *self.folder.glob(f"*/{_UNFINISHED}*")):
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)
            for note in (self.folder / "trees").glob("*.json"):
                if now - note.stat().st_mtime > _KEPT_SECONDS:
                    note.unlink()
                    shutil.rmtree(note.with_suffix(""), ignore_errors=True)

    @property
    def can_be_linked(self) -> bool:
        """Whether nobody may write to the store's files: root may always, and some file systems know no modes."""
        trees = (
            tree for path in (self.folder / "trees").glob("*.json") if (tree := self.tree(path.stem)) and tree.sizes
        )
        tree = next(trees, None)
        return tree is None or not os.access(tree.folder / next(iter(tree.sizes)), os.W_OK)

    def _read_tree(self, name: str) -> Tree | None:
        folder = self.folder / "trees" / name
        try:
            noted = json.loads((self.folder / "trees" / f"{name}.json").read_bytes())
            tree = Tree(name=name, folder=folder, sizes=noted["sizes"], facts=noted["facts"])
            changed = next(
                (path for path, size in tree.sizes.items() if not _is_as_written(f"{folder}/{path}", size)), None
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        if changed is None:
            return tree
        self.changed.append(folder / changed)
        return None


def link_trees(trees: Iterable[Tree], to: Path) -> None:
    """Make a folder hold exactly the files of these trees: hard links where they are safe and possible, else copies.

    Raises:
        BundleError: The folder contains files that are not part of the bundle.
        ToolError: The folder cannot be written.
    """
    wanted = {path: tree.folder / path for tree in trees for path in tree.sizes}
    present = sorted(Path(path).relative_to(to).as_posix() for path in _files(to))
    strangers = [path for path in present if path not in wanted]
    if strangers:
        problem = (
            f"the folder contains {len(strangers)} files that are not part of the bundle, such as {strangers[0]!r}"
        )
        raise BundleError(problem, where=str(to), hint="Give an empty folder")
    with storage_errors(to):
        for folder in sorted({path.rpartition("/")[0] for path in wanted}):
            (to / folder).mkdir(parents=True, exist_ok=True)
        for path, source in wanted.items():
            _link(source, to / path)


@contextlib.contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """Foreign errors of the disk as ours.

    Raises:
        ToolError: The disk is full, or may not be written.
    """
    try:
        with full_disk_errors(folder):
            yield
    except OSError as error:
        place = str(error.filename or folder)
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.EISDIR}:
            problem = f"it cannot be written ({error.strerror})"
            raise ToolError(problem, where=place, hint="Allow writing, or choose another folder") from error
        raise


@contextlib.contextmanager
def full_disk_errors(folder: Path) -> Iterator[None]:
    """A full disk or quota as an error of ours.

    Raises:
        ToolError: There is no room.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise
        place = Path(error.filename or folder)
        where = str(folder if place.is_relative_to(folder) else place)
        raise ToolError(f"the disk is full ({error.strerror})", where=where, hint="Free some space") from error


def write_whole(path: Path, text: str) -> None:
    """Write a text file in one step, its folder too: a reader sees the old text or the new one.

    Raises:
        OSError: It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=_UNFINISHED, dir=path.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        unfinished.chmod(0o644)
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def make_local_folder(folder: Path) -> None:
    """Make a folder; git ignores all of `.edgeroutes/` around it, also where `init` never ran.

    Raises:
        OSError: It cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for parent in folder.parents:
        if parent.name == _LOCAL_FOLDER and not (parent / ".gitignore").exists():
            (parent / ".gitignore").write_text("*\n", "utf-8")


def is_program(path: Path | str) -> bool:
    """Whether a file may be run and can be: a script with `#!`, or a binary of Linux. Some file systems mark all files as runnable."""
    if not os.stat(path).st_mode & 0o111:  # noqa: PTH116
        return False
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read(4).startswith(_PROGRAM_STARTS)


def _is_as_written(path: str, size: int) -> bool:
    """Whether a file of the store still has the size and the date that it was given."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size == size and status.st_mtime_ns == ZIP_EPOCH * 1_000_000_000


def link_file(source: Path, target: Path) -> None:
    """Make a second name for a file; a copy on file systems that know no links, and between two of them."""
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copy2(source, target)


def _link(source: Path, target: Path) -> None:
    """Put a file of the store into a bundle; a copy of one that whoever edits the bundle may write to."""
    target.unlink(missing_ok=True)
    if os.access(source, os.W_OK):
        shutil.copy2(source, target)
    else:
        link_file(source, target)


def _files(folder: Path) -> Iterator[str]:
    for parent, _, names in os.walk(folder):
        for name in names:
            yield f"{parent}{os.sep}{name}"
