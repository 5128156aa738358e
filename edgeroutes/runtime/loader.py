"""Route files as modules.

A route's folder may be called `[id]`, `[...slug]` or `rss.xml`, which no import statement can name. The file is loaded by
its path, under a module name made of its folders; a folder whose name has a dot gets a package made for it, so that
`from .schemas import X` finds the files beside the route.
"""

from __future__ import annotations

import sys
import traceback
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import ModuleType

from edgeroutes.errors import ExportMissingError, ImportRaisedError, ModuleMissingError
from edgeroutes.runtime.loop import is_fatal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edgeroutes.errors import RouteImportError

# Stands for a dot inside a folder's name, which would part a module's name: U+2024 looks like one in a traceback.
_DOT = "\u2024"


def load_module(root: str, source_file: str) -> ModuleType:
    """The module of a route or middleware file; the same one when it is loaded already.

    Args:
        root: The project's folder, or `/var/task`.
        source_file: Relative to it, with `/`: `functions/users/[id]/route.py`.

    Raises:
        RouteImportError: When it does not import: a module missing, a name missing, or an error of its own.
    """
    *folders, file_name = source_file.split("/")
    package = ".".join(folder.replace(".", _DOT) for folder in folders)
    name = f"{package}.{file_name.removesuffix('.py')}"
    path = f"{root}/{source_file}"
    loaded = sys.modules.get(name)
    if loaded is not None and loaded.__file__ == path:  # another project in this process may have a file of that name
        return loaded
    _make_packages(root, folders)
    module = ModuleType(name)
    loader = SourceFileLoader(name, path)
    module.__spec__ = ModuleSpec(name, loader, origin=path)
    module.__spec__.has_location = True
    module.__file__ = path
    module.__package__ = package
    module.__loader__ = loader
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if is_fatal(error):
            raise
        raise import_error(error, root, source_file) from error
    return module


def _make_packages(root: str, folders: list[str]) -> None:
    """Packages for the folders from the first one on whose name no import statement could find."""
    for depth, folder in enumerate(folders, start=1):
        if "." not in folder:
            continue
        name = ".".join(part.replace(".", _DOT) for part in folders[:depth])
        path = ["/".join([root, *folders[:depth]])]
        if name not in sys.modules or sys.modules[name].__path__ != path:
            package = ModuleType(name)
            package.__path__ = path
            package.__package__ = name
            sys.modules[name] = package


def import_error(error: BaseException, root: str, source_file: str) -> RouteImportError:
    """The error for a failed import, with the line to fix."""
    where = _place(error, root, source_file)
    if isinstance(error, ModuleNotFoundError) and error.name:
        hint = f"Install the distribution that has {error.name!r} and declare it, or correct the name"
        package, _, below = error.name.rpartition(".")
        if below and package in sys.modules:
            hint = _near(below, package) or "Correct the name, or create it there"
        return ModuleMissingError(f"the module {error.name!r} is not there", where=where, hint=hint)
    if isinstance(error, ImportError) and error.msg.startswith("cannot import name"):
        name = error.msg.split("'")[1]
        hint = _near(name, error.name or "") or "Correct the name, or define it there"
        if "circular import" in error.msg:
            hint = "Two modules import each other: move what both need into a third one"
        return ExportMissingError(f"the module {error.name!r} has no {name!r}", where=where, hint=hint)
    if isinstance(error, SyntaxError):
        return ImportRaisedError(f"syntax error: {error.msg}", where=where)
    if isinstance(error, SystemExit):
        hint = (
            "A function has no command line: keep argparse, click and sys.exit() under 'if __name__ == \"__main__\":'"
        )
        return ImportRaisedError(f"the file ended the process at import ({error!r})", where=where, hint=hint)
    return ImportRaisedError(f"{type(error).__name__} was raised while it was imported: {error}", where=where)


def _near(name: str, module: str) -> str:
    """The hint that names what a module has and is spelt almost like `name`; nothing where there is none."""
    from difflib import get_close_matches

    near = get_close_matches(name, dir(sys.modules.get(module)), n=1)
    return f"Did you mean {near[0]!r}" if near else ""


def _place(error: BaseException, root: str, source_file: str) -> str:
    """`file:line` of the innermost frame in the project's own files, or of a syntax error."""
    if isinstance(error, SyntaxError) and error.filename and is_own_file(error.filename, root):
        return f"{error.filename.removeprefix(f'{root}/')}:{error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if is_own_file(frame.filename, root)]
    return f"{frames[-1].filename.removeprefix(f'{root}/')}:{frames[-1].lineno}" if frames else source_file


def is_own_file(path: str, root: str) -> bool:
    """Whether a file is the author's: in the project, and in no environment inside it."""
    is_below = path.startswith(f"{root}/") and not path.startswith(f"{root}/edgeroutes/")
    return is_below and "/site-packages/" not in path
