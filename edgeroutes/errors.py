"""The errors that edgeroutes raises at its users. Cellar: imports nothing, knows nobody.

Grouped by what the reader does next::

    EdgeroutesError                 .problem  .where  .hint
    ├── ProjectError                mend the project's files, then run again
    │   ├── LayoutError             a folder or file name under functions/
    │   ├── RouteFileError          an export, a config value or a signature in route.py or middleware.py
    │   ├── RouteImportError        a file that does not import
    │   │   ├── ModuleMissingError  … because a module that it imports is not there
    │   │   ├── ExportMissingError  … because a module has no such name
    │   │   └── ImportRaisedError   … because the file itself raised, or is not Python
    │   ├── ConfigError             [tool.edgeroutes] or function.yaml
    │   ├── DependencyError         a distribution that functions cannot have: undeclared, in conflict, without a wheel
    │   ├── BundleError             a function that Lambda would refuse, or that cannot be put together
    │   └── ProblemsError           several of the above at once: .problems
    ├── HandlerError                mend the handler: it broke its contract while it answered
    │   └── ResponseTooLargeError   … its response is larger than Lambda or API Gateway accepts: .size_bytes  .limit_bytes
    ├── FetchError                  look at the other server: it gave no answer that can be used
    ├── StoreError                  look at the table and the function's policies: it could not be read or written
    ├── EventError                  send an HTTP event: this one is something else
    ├── ServiceError                mend what AWS was asked: a permission, a quota, a name, the credentials
    └── ToolError                   mend the machine: a port, a program or an extra that edgeroutes needs

Answers to a *client* (404, 422 …) are no errors in this sense: see `http/interrupts.py`.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class EdgeroutesError(Exception):
    """What is wrong, where, and what to do about it.

    Args:
        problem: What is there, and what is allowed: a sentence without its full stop.
        where: A file with its line, a function or a settings key, as the reader would look for it.
        hint: What to do, as an imperative, or `Did you mean 'x'`, without its full stop or question mark; empty where the problem says it.

    >>> str(LayoutError("segment '[id' has no closing bracket", where="functions/users/[id/route.py", hint="Name the folder '[id]'"))
    "functions/users/[id/route.py: segment '[id' has no closing bracket. Name the folder '[id]'."
    """

    def __init__(self, problem: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(problem, where, hint)
        self.problem = problem
        self.where = where
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        return type(self).__new__, (type(self), *self.args), self.__dict__  # `__init__` takes names, which pickle lacks

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        said = f"{self.problem}. {self.hint}" if self.hint else self.problem
        mark = "?" if said.rpartition(". ")[2].startswith("Did you mean") else "."
        # A file name that is not UTF-8 has lone surrogates in Python, which no terminal takes.
        return f"{place}{said}{mark}".encode("utf-8", "backslashreplace").decode()


class ProjectError(EdgeroutesError):
    """The project's files must be mended before it can run or build."""


class LayoutError(ProjectError):
    """A folder or file name under functions/ that means nothing, or the same as another."""


class RouteFileError(ProjectError):
    """An export, a config value or a signature in route.py or middleware.py that edgeroutes cannot use."""


class RouteImportError(ProjectError):
    """A route or middleware file that does not import."""


class ModuleMissingError(RouteImportError):
    """A file imports a module that is not there."""


class ExportMissingError(RouteImportError):
    """A file imports a name that its module does not have."""


class ImportRaisedError(RouteImportError):
    """A file is not Python, or raised while it was imported."""


class ConfigError(ProjectError):
    """A key or value in [tool.edgeroutes] or function.yaml that edgeroutes does not know."""


class DependencyError(ProjectError):
    """A distribution that functions cannot have: undeclared, in conflict with another, or without a wheel for them."""


class BundleError(ProjectError):
    """A function that Lambda would refuse for its size, or whose files cannot be put together."""


class ProblemsError(ProjectError):
    """All that is wrong with a project, said at once.

    Args:
        problems: At least one, in the order in which a reader would mend them.
    """

    def __init__(self, problems: "Sequence[ProjectError]") -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return self.problem


class HandlerError(EdgeroutesError):
    """A handler or middleware broke its contract while it answered: logged, and a 500 for the client."""


class ResponseTooLargeError(HandlerError):
    """A response is larger than Lambda, or what invoked the function, accepts.

    Args:
        problem: What is too large.
        size_bytes: Its size.
        limit_bytes: The size that is accepted.
        where: The route file.
        hint: What to do.
    """

    def __init__(self, problem: str, size_bytes: int, limit_bytes: int, where: str, hint: str) -> None:
        super().__init__(problem, where=where, hint=hint)
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes


class FetchError(EdgeroutesError):
    """`fetch` got no answer, or none that can be used; catch it, or let it be a 500."""


class StoreError(EdgeroutesError):
    """A table that edgeroutes keeps things in could not be read or written."""


class EventError(EdgeroutesError):
    """An invocation that carries no HTTP request."""


class ServiceError(EdgeroutesError):
    """A service of AWS's refused what it was asked, or could not be reached."""


class ToolError(EdgeroutesError):
    """Something on this machine that edgeroutes needs is absent or taken: a port, a program, an extra."""


def require_no_problems(problems: "Sequence[ProjectError]") -> None:
    """Raise the only problem itself, or all of them as one `ProblemsError`; do nothing when there is none."""
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise ProblemsError(problems)


def show_value(value: object, limit: int = 200) -> str:
    """The value's `repr`, shortened; also of an integer with more digits than Python writes out."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        return f"{type(value).__name__} too large to show"
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
