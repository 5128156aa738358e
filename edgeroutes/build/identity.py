"""By which names code may mention a distribution: its import names and the groups of its entry points."""

from __future__ import annotations

import configparser
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeroutes.build.distributions import import_names

if TYPE_CHECKING:
    from collections.abc import Iterable

# Distributions that modules of the standard library read. Lambda's images from python3.12 on have no time zone database.
_STANDS_BEHIND = {"tzdata": ("zoneinfo",)}
# Top-level folders that distributions ship by mistake, and that say nothing about them.
_ACCIDENTAL = frozenset({"docs", "examples", "scripts", "test", "tests"})
# Groups that installers and test runners read, never a function.
_TOOL_GROUPS = re.compile(
    r"console_scripts|gui_scripts|pytest11|distutils\..*|setuptools\..*|flake8\..*|mypy.*|pylint.*"
)
# Distributions that check, test, build or run a project on a developer's machine; to declare one means nothing for a function.
_TOOLS = re.compile(
    r"awscli|aws-sam-cli|bandit|black|build|bumpversion|cfn-lint|commitizen|coverage|debugpy|deptry|edgeroutes|factory-boy|faker|flake8|"
    r"flake8-.*|freezegun|hatch|hatchling|hypothesis|import-linter|invoke|ipdb|ipython|isort|jupyter|jupyterlab|mkdocs|mkdocs-.*|moto|"
    r"mypy|mypy-.*|nox|notebook|pip|pip-audit|pip-tools|pipenv|pluggy|poetry|poetry-.*|pre-commit|pylint|pylint-.*|pyright|pytest|"
    r"pytest-.*|responses|respx|ruff|setuptools|setuptools-.*|sphinx|sphinx-.*|syrupy|tox|tox-.*|twine|types-.*|.*-stubs|uv|"
    r"vulture|watchdog|wheel"
)


# Last parts of host names: `langchain.com` is not a module, unless the distribution has it: `pandas.io`.
_DOMAINS = re.compile(
    r"(?:ai|app|biz|br|cloud|cn|co|com|de|dev|edu|eu|fr|gov|info|io|jp|me|net|nl|org|ru|sh|site|so|tech|uk|us|xyz)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a distribution is called in code.

    Args:
        name: Normalized.
        import_names: The shortest dotted names with code behind them: `PIL`, `google.cloud.storage`.
        groups: Of its entry points, without those that only tools read.
        domain_like: Its modules that read like a host name: `pandas.io`.
    """

    name: str
    import_names: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    domain_like: tuple[str, ...] = ()

    def has(self, dotted: str) -> bool:
        """Whether a dotted name is one of its modules, or in one, and not a host name such as `langchain.com`."""
        is_host = "." in dotted and _DOMAINS.fullmatch(dotted.rpartition(".")[2]) and dotted not in self.domain_like
        return not is_host and any(dotted == name or dotted.startswith(f"{name}.") for name in self.import_names)


def make_identity(name: str, files: Iterable[str], entry_points: str, known: Iterable[str] = ()) -> Identity:
    """A distribution's identity.

    Args:
        name: Normalized.
        files: Its paths below site-packages; empty where they are not known.
        entry_points: The text of its entry_points.txt.
        known: Import names that are known otherwise: of a distribution that is a folder.
    """
    found = {*import_names(tuple(files)), *known}
    names = {each for each in found if each not in _ACCIDENTAL} or found or {name.replace("-", "_")}
    return Identity(
        name=name,
        import_names=(*sorted(names), *_STANDS_BEHIND.get(name, ())),
        groups=entry_point_groups(entry_points),
        domain_like=tuple(
            sorted({each for path in files if _DOMAINS.fullmatch((each := _dotted(path)).rpartition(".")[2])})
        ),
    )


def _dotted(path: str) -> str:
    """The module of a file, or the package that a file lies in."""
    module, _, ending = path.partition(".")
    return (module if ending == "py" else path.rpartition("/")[0]).removesuffix("/__init__").replace("/", ".")


def entry_point_groups(text: str) -> tuple[str, ...]:
    """The groups in an entry_points.txt that a function may read. Source: PyPA, "Entry points specification"."""
    parser = configparser.ConfigParser(delimiters=("=",), strict=False, interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error:
        return ()
    return tuple(sorted(group for group in parser.sections() if not _TOOL_GROUPS.fullmatch(group)))


def is_tool_group(group: str) -> bool:
    """Whether only installers and test runners read a group of entry points."""
    return bool(_TOOL_GROUPS.fullmatch(group))


def is_tool(name: str) -> bool:
    """Whether the distribution is a developer's tool, which a function has only if it imports it."""
    return bool(_TOOLS.fullmatch(name))
