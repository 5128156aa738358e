"""The variables that a project's functions see in dev: `.env`, `.env.local`, the template's and `[tool.edgeroutes.env]`. Floor 3.

What was in the environment before wins over `.env.local`, that over `.env`, that over what the template gives to functions, and that over
the settings. None of it is ever bundled.
"""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from edgeroutes.names import ENV_FILES
from edgeroutes.routing.reading import read_text

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from pathlib import Path


class Environment:
    """The variables of one project, put into an environment and taken out again.

    Args:
        root: The project's folder.
        environ: `os.environ`, or a stand-in.
    """

    def __init__(self, root: Path, environ: MutableMapping[str, str]) -> None:
        self._root = root
        self._environ = environ
        self._own: dict[str, str] = {}
        self._files: dict[str, str] = {}
        self._settings: Mapping[str, str] = {}
        self._shared: Mapping[str, str] = {}

    @property
    def fixed(self) -> frozenset[str]:
        """The names that have their value from outside or from a file, whatever a function's own is."""
        return frozenset(self._environ) - (self._own.keys() - self._files.keys())

    def is_fixed(self, name: str) -> bool:
        """Whether a name has its value from outside or from a file."""
        return name in self._environ and (name not in self._own or name in self._files)

    def share(self, variables: Mapping[str, str]) -> None:
        """Put in what all functions that have it agree on, in place of what they agreed on before."""
        self._shared = variables
        self._put_in()

    def load(self, settings: Mapping[str, str]) -> None:
        """Put in what the files and settings say now, and take out what they no longer say.

        Args:
            settings: `[tool.edgeroutes.env]`.

        Raises:
            ConfigError: For a file that cannot be read.
        """
        self._settings, self._files = settings, self._read_files()
        self._put_in()

    def _put_in(self) -> None:
        wanted = {**self._settings, **self._shared, **self._files}
        for name in [name for name, value in self._own.items() if self._environ.get(name) == value]:
            del self._environ[name]
        self._own = {name: value for name, value in wanted.items() if name not in self._environ}
        self._environ.update(self._own)

    def _read_files(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for name in ENV_FILES:
            path = self._root / name
            if (path / "pyvenv.cfg").exists():  # some call an environment of Python so
                continue
            try:
                text = read_text(path, name)
            except FileNotFoundError:
                continue
            from dotenv import dotenv_values

            values = dotenv_values(stream=StringIO(text))
            found.update({key: value for key, value in values.items() if value is not None})
        return found
