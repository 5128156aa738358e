"""The errors that edgeroutes raises for its users.

Grouped by what the reader does next::

    EdgeroutesError                 .problem  .where  .hint
    ├── ProjectError                fix the project's files
    │   ├── LayoutError             a folder or file name under functions/
    │   ├── RouteFileError          an export, a config value or a signature in route.py or middleware.py
    │   ├── RouteImportError        a file that does not import
    │   │   ├── ModuleMissingError  … because it imports a module that does not exist
    │   │   ├── ExportMissingError  … because it imports a name that its module does not have
    │   │   └── ImportRaisedError   … because it raised, or has a syntax error
    │   ├── ConfigError             [tool.edgeroutes] or function.yaml
    │   ├── DependencyError         a distribution that functions cannot have: undeclared, in conflict, without a wheel
    │   ├── BundleError             a function that Lambda would refuse, or whose files cannot be bundled
    │   └── ProblemsError           several of these at once: .problems
    ├── HandlerError                fix the handler: its result is not valid
    │   └── ResponseTooLargeError   … because it is larger than Lambda or API Gateway accepts: .size_bytes  .limit_bytes
    ├── FetchError                  check the other server: it sent no usable response
    ├── StoreError                  check the table and the function's policies: a read or write failed
    ├── EventError                  send an HTTP event: this is another one
    ├── ServiceError                check the request to AWS: a permission, a quota, a name, the credentials
    └── ToolError                   fix the machine: a port, a program or an extra that edgeroutes needs

Errors for HTTP clients (404, 422 …) are in `http/interrupts.py`.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Problem:
    """What is wrong, where, and what to do. Every error is one; a warning is one that is not raised.

    Args:
        problem: What is wrong, and what is allowed: a sentence without its full stop.
        where: A file with its line, a function or a settings key.
        hint: What to do, as an imperative, or `Did you mean 'x'`, without its full stop or question mark; may be empty.

    >>> str(Problem("segment '[id' has no closing bracket", where="functions/users/[id/route.py", hint="Rename the folder to '[id]'"))
    "functions/users/[id/route.py: segment '[id' has no closing bracket. Rename the folder to '[id]'."
    """

    def __init__(self, problem: str, *, where: str = "", hint: str = "") -> None:
        self.problem = problem
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        text = f"{self.problem}. {self.hint}" if self.hint else self.problem
        mark = "?" if text.rpartition(". ")[2].startswith("Did you mean") else "."
        # A file name that is not UTF-8 has lone surrogates, which terminals cannot print.
        return f"{place}{text}{mark}".encode("utf-8", "backslashreplace").decode()


class EdgeroutesError(Exception, Problem):
    """The base of all errors."""

    __str__ = Problem.__str__

    def __init__(self, problem: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(problem, where, hint)
        Problem.__init__(self, problem, where=where, hint=hint)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self).__new__, (type(self), *self.args), self.__dict__  # pickle does not pass names to `__init__`


class ProjectError(EdgeroutesError):
    """The project's files have to be fixed before it can run or build."""


class LayoutError(ProjectError):
    """A folder or file name under functions/ that is not valid, or duplicates another."""


class RouteFileError(ProjectError):
    """An export, a config value or a signature in route.py or middleware.py that edgeroutes cannot use."""


class RouteImportError(ProjectError):
    """A route or middleware file that does not import."""


class ModuleMissingError(RouteImportError):
    """A file imports a module that does not exist."""


class ExportMissingError(RouteImportError):
    """A file imports a name that its module does not have."""


class ImportRaisedError(RouteImportError):
    """A file has a syntax error, or raised while it was imported."""


class ConfigError(ProjectError):
    """A key or value in [tool.edgeroutes] or function.yaml that edgeroutes does not know."""


class DependencyError(ProjectError):
    """A distribution that functions cannot have: undeclared, in conflict with another, or without a wheel for them."""


class BundleError(ProjectError):
    """A function that is too large for Lambda, or whose files cannot be bundled."""


class ProblemsError(ProjectError):
    """All problems of a project.

    Args:
        problems: At least one, in the order in which a reader would fix them.
    """

    def __init__(self, problems: "Sequence[ProjectError]") -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return self.problem


class HandlerError(EdgeroutesError):
    """A handler or middleware returned an invalid result: it is logged, and the client gets a 500."""


class ResponseTooLargeError(HandlerError):
    """A response is larger than Lambda, or the caller of the function, accepts.

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
    """`fetch` got no usable response; catch it, or let it become a 500."""


class StoreError(EdgeroutesError):
    """A table of edgeroutes could not be read or written."""


class EventError(EdgeroutesError):
    """An invocation without an HTTP request."""


class ServiceError(EdgeroutesError):
    """An AWS service refused a request, or could not be reached."""


class ToolError(EdgeroutesError):
    """A port, a program or an extra that edgeroutes needs is missing or in use."""


def require_no_problems(problems: "Sequence[ProjectError]") -> None:
    """Raise the only problem, or several as one `ProblemsError`."""
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise ProblemsError(problems)


def suggest(word: str, known: "Iterable[str]", otherwise: str = "", *, cutoff: float = 0.6) -> str:
    """The hint for an unknown word: `Did you mean 'x'` with the most similar known one, else `otherwise`."""
    from difflib import get_close_matches

    near = get_close_matches(word, [*known], n=1, cutoff=cutoff)
    return f"Did you mean {near[0]!r}" if near else otherwise


def show_value(value: object, limit: int = 200) -> str:
    """The value's `repr`, shortened; also of an integer with more digits than Python prints."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        return f"{type(value).__name__} too large to show"
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
