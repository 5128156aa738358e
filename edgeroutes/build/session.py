"""One `sam build`, known by its process: its first target builds all functions, the others only link.

SAM runs make once for each function. A Python for each would cost more than all else together, so that the first one leaves a
script that links a bundle for as long as *this* `sam build` runs, known by its process id and the time of its start; for any other
it fails, and make's rule goes on to `edgeroutes bundle`. `sam sync --watch`, which builds many times in one process, gets none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeroutes._version import __version__
from edgeroutes.build.store import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgeroutes.build.bundle import Bundle
    from edgeroutes.build.store import Store


SCRIPT = "link.sh"
_FAILURE = "failure.txt"
MAKEFILE_RULE = """\
# `sam build` makes build-<LogicalId> for every function: the first builds all of them, the others link what it built.
EDGEROUTES_ROOT := $(patsubst Makefile,.,$(patsubst %/Makefile,%,$(strip $(MAKEFILE_LIST))))
export EDGEROUTES_MAKEFILE := $(MAKEFILE_LIST)
EDGEROUTES ?= "$$edgeroutes"
build-%:
\t@case $$EDGEROUTES_MAKEFILE in *[/\\\\]Makefile*) root=$${EDGEROUTES_MAKEFILE%%[/\\\\]Makefile*} root=$${root# } ;; *) root=. ;; esac; \\
\tsh "$$root/.edgeroutes/store/link.sh" $* "$$ARTIFACTS_DIR" 2>/dev/null && exit; \\
\tedgeroutes=; up=$$(cd "$$root" && pwd); while [ "$$up" ] && [ ! "$$edgeroutes" ]; do \\
\tfor each in "$$up/.venv/bin/edgeroutes" "$$up/.venv/Scripts/edgeroutes.exe"; do [ ! -x "$$each" ] || edgeroutes=$$each; done; \\
\tup=$${up%/*}; done; edgeroutes=$${edgeroutes:-edgeroutes}; \\
\t$(EDGEROUTES) bundle $* --root "$$root" --to "$$ARTIFACTS_DIR"
"""
"""What a project's Makefile has to say. Paths may have spaces and characters of the shell: only the shell handles them, from variables.

The line with `sh` saves a Python for each function. `EDGEROUTES_ROOT` is for what a Makefile includes. The program is that of the `.venv`
at or above the project, else the one on the PATH. On Windows make and sh come
with Git or MSYS, and SAM's path of the Makefile has backslashes.
"""
_MAKES = frozenset({"make", "gmake", "gnumake"})
_SAM = frozenset({"sam", "samcli"})
_GENERATIONS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A running process: its parent, when it began (in the system's own words), and its command."""

    pid: int
    parent: int
    began: str
    command: tuple[str, ...]


def find_sam_build() -> Process | None:
    """The `sam build` that this process works for; None where there is none."""
    process = read_process(os.getppid())
    for _ in range(_GENERATIONS):
        if process is None:
            return None
        parent = read_process(process.parent)
        if Path(process.command[0]).name in _MAKES:
            return parent if parent is not None and _is_sam_build(parent.command) else None
        process = parent
    return None


def read_process(pid: int) -> Process | None:
    """What the system knows of a process; None where it says nothing."""
    if pid <= 1:
        return None
    proc = Path(f"/proc/{pid}")
    if Path("/proc/self").exists():
        return _read_proc(proc, pid)
    import subprocess

    command = ("/bin/ps", "-o", "ppid=,lstart=,command=", "-p", str(pid))
    try:
        asked = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError:  # Windows has none: each target looks for itself whether it has to build
        return None
    words = asked.stdout.split()
    if len(words) < 7:
        return None
    return Process(pid=pid, parent=int(words[0]), began=" ".join(words[1:6]), command=tuple(words[6:]))


def write_script(store: Store, sam: Process | None) -> None:
    """Leave the script for the other targets of this `sam build`; take an old one away when there is none."""
    if sam is None or not Path("/proc/self").exists():
        (store.folder / SCRIPT).unlink(missing_ok=True)
        return
    options = "-Rlp" if store.can_be_linked else "-Rp"
    import shlex

    folder = shlex.quote(str(store.folder))
    script = _SCRIPT.format(pid=sam.pid, began=sam.began, generations=_GENERATIONS, store=folder, options=options)
    store.write_text(SCRIPT, script)


def is_current(store: Store, sam: Process | None) -> bool:
    """Whether the store's script was left for this very `sam build`: then all its functions are built."""
    return sam is not None and f"\nsam='{sam.pid} {sam.began}'\n" in store.read_text(SCRIPT)


def write_failure(store: Store, sam: Process | None, text: str) -> None:
    """Leave word of what is wrong, so that not every target of this `sam build` finds it out anew."""
    if sam is not None:
        store.write_text(_FAILURE, f"{sam.pid} {sam.began}\n{text}")


def read_failure(store: Store, sam: Process | None) -> str:
    """What another target of this very `sam build` found wrong; empty where nothing was."""
    said = store.read_text(_FAILURE)
    return said.partition("\n")[2] if sam is not None and said.startswith(f"{sam.pid} {sam.began}\n") else ""


def _is_sam_build(command: tuple[str, ...]) -> bool:
    """Whether the command line is `sam build …`, with whatever Python before it and options between."""
    names = [Path(word).name for word in command]
    sam = next((n for n, name in enumerate(names) if name in _SAM), len(names))
    return "build" in names[sam + 1 :]


def _read_proc(folder: Path, pid: int) -> Process | None:
    """Source: proc_pid_stat(5): after the command in brackets come the state, the parent, and as 22nd field the start."""
    try:
        fields = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        words = (folder / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return None
    return Process(pid=pid, parent=int(fields[1]), began=fields[19], command=tuple(words))


# Only what every sh has, and no process but cp: walks up to the sam build that it was written for.
_SCRIPT = """\
# Written by edgeroutes for one sam build: links the bundle of the function $1 into the folder $2, or fails.
sam='{pid} {began}'
pid=$PPID
for step in 1 2 3 4 5 6 7 8; do
    read -r stat < "/proc/$pid/stat" || exit 1
    set -- "$1" "$2" ${{stat##*) }}
    [ "$pid ${{22}}" = "$sam" ] && break
    pid=$4
    [ "$pid" -gt 1 ] && [ "$step" != {generations} ] || exit 1
done
function=$1 to=$2
cd {store} || exit 1
set --
while read -r tree; do set -- "$@" "trees/$tree/."; done < "functions/$function" || exit 1
[ $# -gt 0 ] && exec cp {options} "$@" "$to"
"""


# By which uv chooses indexes and versions. Source: docs.astral.sh/uv "Environment variables", read 2026-11-30.
_VARIABLES = (
    "UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_NO_INDEX", "UV_INDEX_STRATEGY",
    "UV_EXCLUDE_NEWER", "UV_PRERELEASE", "UV_RESOLUTION", "UV_CONSTRAINT", "UV_OVERRIDE", "UV_CONFIG_FILE", "UV_NO_CONFIG",
)  # fmt: skip
_CREDENTIALS = re.compile(r"//[^/@\s]*@")
RECORD = "inputs.json"
# A kernel's clock for files lags behind ours, by a tick or two.
_UNSETTLED_NS = 50_000_000
_IGNORED = frozenset({"__pycache__"})
# Of a checkout the version stays while the code changes.
_OWN_FOLDERS = ("build", "plan", "routing", "template")


class StampRecord:
    """A value that was made of files, with the stamps that they had.

    Args:
        path: Where it is kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Any:
        """The value; None where any file or folder has changed since, or nothing is kept."""
        try:
            builder, files, folders, value = json.loads(self._path.read_text("utf-8"))
            is_same = (
                builder == _builder()
                and all(_stamp(path) == stamp for path, stamp in files.items())
                and all(_names(path) == names for path, names in folders.items())
            )
        except (OSError, ValueError, TypeError, AttributeError):
            return None
        return value if is_same else None

    def write(
        self, value: Any, files: Iterable[Path], folders: Iterable[Path], *, started_ns: int | None = None
    ) -> None:
        """Keep a value that JSON can hold; nothing where a file was written since the start, or the place is read-only.

        Args:
            value: The value.
            files: That it was made of, also those that were not there.
            folders: That were listed for it, also those that were not there.
            started_ns: When the work began, in nanoseconds since the epoch; now by default.
        """
        stamps = {str(file): _stamp(str(file)) for file in files}
        newest = max((max(stamp[:2]) for stamp in stamps.values() if stamp), default=0)
        if newest > (started_ns or time.time_ns()) - _UNSETTLED_NS:
            return
        text = json.dumps([_builder(), stamps, {str(folder): _names(str(folder)) for folder in folders}, value])
        with contextlib.suppress(OSError):
            write_whole(self._path, text)


def record_inputs(store: Store, files: Iterable[Path], folders: Iterable[Path], *, started_ns: int) -> None:
    """Note what a build has read; `drop_inputs` has removed the record of the build before.

    Args:
        store: Where it is noted.
        files: That were read, or were not there.
        folders: That were listed, or were not there.
        started_ns: When the build began, in nanoseconds since the epoch.
    """
    StampRecord(store.folder / RECORD).write(store.functions(), files, folders, started_ns=started_ns)


def bundle_files_read(root: Path, bundles: Iterable[Bundle]) -> set[Path]:
    """The project's files that these bundles were made of, beside what was traced."""
    files: set[Path] = set()
    for bundle in bundles:
        files.update(file.source for file in bundle.files)
        files.update(root / name for route in bundle.function.routes for name in route.function_yaml_files)
    return files


def drop_inputs(store: Store) -> None:
    """Have the next build look at everything."""
    (store.folder / RECORD).unlink(missing_ok=True)


def is_unchanged(store: Store) -> bool:
    """Whether all functions of the last build are in the store, and all that it read is as it was."""
    functions = StampRecord(store.folder / RECORD).read()
    if functions is None or functions != store.functions():
        return False
    trees = {name for function in functions for name in store.read_text(f"functions/{function}").split()}
    return all(store.is_sound(name) for name in trees)


def now_ns() -> int:
    """The time, in nanoseconds since the epoch."""
    return time.time_ns()


def folders_below(folder: Path) -> list[Path]:
    """A folder and all folders in it, also through links, without caches and hidden ones."""
    found: dict[str, Path] = {}
    for parent, names, _ in os.walk(folder, followlinks=True):
        real = os.path.realpath(parent)
        names[:] = [name for name in names if _counts(name)] if real not in found else []
        found.setdefault(real, Path(parent))
    return [*found.values()]


def _builder() -> list[Any]:
    """What builds: its version and code, the Python that runs it, and the variables that choose indexes."""
    own = Path(__file__).parents[1]
    code = [
        [entry.name, *_stamp(entry.path)]
        for folder in _OWN_FOLDERS
        for entry in sorted(os.scandir(own / folder), key=lambda entry: entry.name)
        if entry.name.endswith(".py")
    ]
    return [__version__, sys.executable, sys.version, variables_digest(), code]


def _stamp(path: str) -> list[int]:
    """When the file was changed, its size and its identity; empty where there is none."""
    try:
        status = os.stat(path)  # thousands of them  # noqa: PTH116
    except OSError:
        return []
    return [status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino]


def _names(path: str) -> list[str]:
    try:
        return sorted(filter(_counts, os.listdir(path)))  # noqa: PTH208
    except OSError:
        return ["?"]


def _counts(name: str) -> bool:
    return not name.startswith(".") and name not in _IGNORED


def variables_digest() -> str:
    """A digest of the variables that choose indexes and versions, without credentials: a new token is not another index."""
    return digest([without_credentials(os.environ.get(name, "")) for name in _VARIABLES])


def without_credentials(text: str) -> str:
    """A text whose URLs have lost user and password."""
    return _CREDENTIALS.sub("//", text)


def digest(parts: Iterable[str]) -> str:
    return hashlib.sha256(json.dumps([*parts]).encode()).hexdigest()[:16]
